"""Train with gensim as a JSON object says; print what it took.

    python train_gensim.py JOB VECTORS

It reads the text by itself (`corpus_file`), which is its fastest way.
"""

from __future__ import annotations

import json
import sys
import time

from gensim.models import Word2Vec


def main() -> None:
    job, vectors = json.loads(sys.argv[1]), sys.argv[2]
    tree = job["output"] == "hierarchical"
    model = Word2Vec(
        sg=int(job["method"] == "skipgram"),
        hs=int(tree),
        negative=0 if tree else job["negative"],
        vector_size=job["dimensions"],
        window=job["window"],
        sample=job["subsample"],
        min_count=job["min_count"],
        alpha=job["learning_rate"],
        epochs=job["epochs"],
        workers=job["threads"],
        seed=job["seed"],
    )
    start = time.perf_counter()
    model.build_vocab(corpus_file=job["text"])
    middle = time.perf_counter()
    model.train(
        corpus_file=job["text"],
        # a thread holds the sentences of its own part against this, and the learning rate would
        # fall only to a half with two threads; so it falls to the end, as the others' does
        total_examples=-(-model.corpus_count // job["threads"]),
        total_words=model.corpus_total_words,
        epochs=model.epochs,
    )
    end = time.perf_counter()
    model.wv.save_word2vec_format(vectors, binary=True)
    print(json.dumps({"training": end - middle, "whole": end - start}))


if __name__ == "__main__":
    main()
