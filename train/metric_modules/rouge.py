"""ROUGE-L (Lin 2004) through rouge_score with a Unicode tokenizer, as a metric that evaluate loads from this file.

The package's own tokenizer drops accented letters, so its French scores are wrong.
"""

import re

import datasets
import evaluate
from rouge_score import rouge_scorer, tokenizers

CITATION = "Chin-Yew Lin. 2004. ROUGE: a package for automatic evaluation of summaries. ACL 2004 workshop."


class UnicodeWords(tokenizers.Tokenizer):
    def tokenize(self, text):
        return re.findall(r"\w+", text.casefold())


class Rouge(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        features = datasets.Features({"predictions": text, "references": datasets.Sequence(text)})
        return evaluate.MetricInfo(
            description="ROUGE-L F-measure, 0 to 100; the best of a text's references counts.",
            citation=CITATION,
            inputs_description="predictions: texts; references: a list of texts for each",
            features=features,
        )

    def _compute(self, predictions, references):
        scorer = rouge_scorer.RougeScorer(["rougeL"], tokenizer=UnicodeWords())
        best = [
            max(scorer.score(reference, prediction)["rougeL"].fmeasure for reference in row)
            for prediction, row in zip(predictions, references, strict=True)
        ]
        return {"rougeL": 100 * sum(best) / len(best)}
