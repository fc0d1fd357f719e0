"""chrF (Popović 2015) through sacrebleu, as a metric that evaluate loads from this file."""

import datasets
import evaluate
import sacrebleu

CITATION = "Maja Popović. 2015. chrF: character n-gram F-score for automatic MT evaluation. WMT 2015."


class Chrf(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        features = datasets.Features({"predictions": text, "references": datasets.Sequence(text)})
        return evaluate.MetricInfo(
            description="chrF, 0 to 100; each text may have several references.",
            citation=CITATION,
            inputs_description="predictions: texts; references: a list of texts for each",
            features=features,
        )

    def _compute(self, predictions, references):
        scores = [
            sacrebleu.sentence_chrf(p, list(r)).score for p, r in zip(predictions, references, strict=True)
        ]
        return {"chrf": sum(scores) / len(scores)}
