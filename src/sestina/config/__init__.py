"""Every option of Sestina and its default, stated once.

Estimators inherit the classes, the command line reads them. They are plain data classes rather
than frozen ones, because scikit-learn's ``set_params`` and ``clone`` assign to and read from
exactly these fields of an estimator.
"""

from sestina.config.language import (
    LanguageOptions,
    LanguageTextOptions,
    LanguageTrainingOptions,
)
from sestina.config.networks import (
    ENCODERS,
    POOLS,
    RECURRENT,
    VECTOR_READERS,
    EmbeddingOptions,
    EncoderOptions,
    LearningOptions,
    NeuronOptions,
    NgramOptions,
    PerceptronOptions,
    SigmoidNeuronOptions,
    TextNeuronOptions,
    TrainingOptions,
)
from sestina.config.tagging import TaggedOptions, TaggerOptions
from sestina.config.texts import (
    BagOptions,
    CheckOptions,
    CleaningOptions,
    ComponentOptions,
    HashingOptions,
    OneHotOptions,
    OneHotTokensOptions,
    ReadingOptions,
    SentenceOptions,
    SubwordOptions,
    TermOptions,
    TextOptions,
    TfIdfOptions,
)
from sestina.config.vectors import (
    CorpusOptions,
    Doc2VecOptions,
    FastTextOptions,
    GloVeOptions,
    PMIOptions,
    SamplingOptions,
    VectorOptions,
    Word2VecOptions,
)
from sestina.options import (
    check,
    from_dict,
    option,
    to_dict,
    unused,
)

__all__ = [
    "ENCODERS",
    "POOLS",
    "RECURRENT",
    "VECTOR_READERS",
    "BagOptions",
    "CheckOptions",
    "CleaningOptions",
    "ComponentOptions",
    "CorpusOptions",
    "Doc2VecOptions",
    "EmbeddingOptions",
    "EncoderOptions",
    "FastTextOptions",
    "GloVeOptions",
    "HashingOptions",
    "LanguageOptions",
    "LanguageTextOptions",
    "LanguageTrainingOptions",
    "LearningOptions",
    "NeuronOptions",
    "NgramOptions",
    "OneHotOptions",
    "OneHotTokensOptions",
    "PMIOptions",
    "PerceptronOptions",
    "ReadingOptions",
    "SamplingOptions",
    "SentenceOptions",
    "SigmoidNeuronOptions",
    "SubwordOptions",
    "TaggedOptions",
    "TaggerOptions",
    "TermOptions",
    "TextNeuronOptions",
    "TextOptions",
    "TfIdfOptions",
    "TrainingOptions",
    "VectorOptions",
    "Word2VecOptions",
    "check",
    "from_dict",
    "option",
    "to_dict",
    "unused",
]
