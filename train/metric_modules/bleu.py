"""BLEU (Papineni et al. 2002) through sacrebleu, as a metric that evaluate loads from this file."""

import datasets
import evaluate
import sacrebleu

CITATION = (
    "Kishore Papineni et al. 2002. BLEU: a method for automatic evaluation of machine translation. ACL 2002."
)


class Bleu(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        features = datasets.Features({"predictions": text, "references": datasets.Sequence(text)})
        return evaluate.MetricInfo(
            description="Corpus BLEU, 0 to 100; each text may have several references.",
            citation=CITATION,
            inputs_description="predictions: texts; references: a list of texts for each",
            features=features,
        )

    def _compute(self, predictions, references):
        most = max(map(len, references))
        # sacrebleu wants as many streams of references as the text with the most has.
        streams = [[row[i] if i < len(row) else row[0] for row in references] for i in range(most)]
        return {"bleu": sacrebleu.corpus_bleu(predictions, streams).score}
