"""sestina info: what a model folder holds."""

from __future__ import annotations

from sestina.cli import show
from sestina.cli.inputs import Json, ModelArgument, UnusedSeed
from sestina.cli.judging import facts_of


def info(model: ModelArgument, json: Json = False, seed: UnusedSeed = 0) -> None:
    """Tell what a model folder holds: network, parameters, data, figures, options."""
    from sestina import store
    from sestina.estimators.loading import load

    net = load(model)
    head, facts = store.load_config(model), facts_of(model)
    if json:
        show.as_json(
            {**{k: head[k] for k in ("estimator", "version", "options", "learned")}, "facts": facts}
        )
        return
    show.facts(
        model,
        {
            "estimator": f"{head['estimator']}, written by Sestina {head['version']}",
            "data": facts.get("data"),
            "classes": facts.get("classes"),
            "vocabulary": facts.get("vocabulary") or facts.get("vocabularies"),
            "parameters": f"{net.n_parameters_:,} ({show.counts(net.parameter_counts_)})",
            "trainable": net.n_trainable_parameters_,
            "reads": facts.get("reads"),
            "epochs": f"{len(net.history_)}, the best was {net.best_epoch_}",
            "seconds": round(net.seconds_, 1),
            "decisions": "; ".join(facts.get("decisions", [])),
            "noticed": "; ".join(net.notes_),
        },
    )
    if "metrics" in facts:
        show.out.print()
        found = facts["metrics"]
        table = show.translations if "chrf" in found else show.ladder
        table = show.forecasts if "mase" in found else table
        table = show.recognitions if "wer" in found else table
        table = show.perplexities if "bits_per_character" in found else table
        table(
            "backtest" if "mase" in found else "test part",
            {**facts["baseline"], facts["name"]: facts["metrics"]},
        )
        if "outdated" in facts:
            show.out.print(f"Careful: {facts['outdated']}.", markup=False)
    show.out.print()
    show.facts("options", {k: str(v) for k, v in head["options"].items() if v not in (None, [])})
