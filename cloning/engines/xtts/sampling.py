"""From scores to codes, exactly as transformers' `generate` does in coqui's configuration."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class SamplingSettings:
    """Temperature comes with each row. Defaults within coqui-tts disagree, so none is relied on."""

    do_sample: bool = True  # False: the best code each time
    top_k: int = 50
    top_p: float = 0.85
    repetition_penalty: float = 5.0


def sample(
    scores: torch.Tensor,
    seen: torch.Tensor,
    temperatures: torch.Tensor,
    generators: list[torch.Generator],
    settings: SamplingSettings,
) -> torch.Tensor:
    """One code for each row, shape (rows,).

    `scores` and `seen` (whether a code came before) have shape (rows, codes), `temperatures` (rows, 1). Each row
    draws from its own generator, so that what else is in the batch makes no difference to it.
    """
    penalised = torch.where(
        scores < 0, scores * settings.repetition_penalty, scores / settings.repetition_penalty
    )
    scores = torch.where(seen, penalised, scores)
    if not settings.do_sample:
        return scores.argmax(dim=-1)
    scores = _nucleus(_best(scores / temperatures, settings.top_k), settings.top_p)
    probabilities = scores.softmax(dim=-1)
    drawn = [
        torch.multinomial(row, 1, generator=generator)
        for row, generator in zip(probabilities, generators, strict=True)
    ]
    return torch.cat(drawn)


def _best(scores: torch.Tensor, count: int) -> torch.Tensor:
    least = scores.topk(min(count, scores.shape[-1])).values[:, -1:]
    return scores.masked_fill(scores < least, -torch.inf)


def _nucleus(scores: torch.Tensor, mass: float) -> torch.Tensor:
    """The likeliest codes which together have probability `mass`, and always one."""
    ascending, order = scores.sort(dim=-1)
    dropped = ascending.softmax(dim=-1).cumsum(dim=-1) <= 1 - mass
    dropped[:, -1] = False
    return scores.masked_fill(dropped.scatter(1, order, dropped), -torch.inf)
