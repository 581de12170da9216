# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A loss is a formula for each element or row, then a reduction; they differ in what input and target must be."""

import os
import warnings
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, C, L, D = 60, 5, 7, 3  # rows, classes, places in a row, dimensions of a vector
close = partial(torch.testing.assert_close, rtol=1e-4, atol=1e-5)


def check(loss, inputs, by_hand, **options):  # by_hand: unreduced; "sum" and "mean" must follow from it
    for reduction, wanted in (("none", by_hand), ("sum", by_hand.sum()), ("mean", by_hand.mean())):
        close(loss(reduction=reduction, **options)(*inputs), wanted)


out, logits, logits_at = (2 * torch.randn(shape, device=device) for shape in ((N,), (N, C), (N, C, L)))  # from a net
numbers, p = 2 * torch.randn(N, device=device), torch.randn(N, C, device=device).softmax(dim=1)
index, index_at = (torch.randint(C, shape, device=device) for shape in ((N,), (N, L)))
yes, labels = (torch.randint(2, shape, device=device) for shape in ((N,), (N, C)))

# %% In short
regression = nn.HuberLoss()(out, numbers)  # numbers: both (N,); or MSELoss, L1Loss  # harmless: even
one_class = nn.CrossEntropyLoss()(logits, index)  # one class of C: logits (N, C), indices (N,) of dtype long
at_places = nn.CrossEntropyLoss()(logits_at, index_at)  # one at each place: (N, C, L) and (N, L); images: (N, C, H, W)
yes_or_no = nn.BCEWithLogitsLoss()(out, yes.float())  # both (N,), one logit a row
several = nn.BCEWithLogitsLoss()(logits, labels.float())  # any number of labels a row: both (N, C)
whole = nn.KLDivLoss(reduction="batchmean")(logits.log_softmax(dim=1), p)  # a distribution over C: both (N, C)


# %% Regression: a formula in the error, element by element
def huber(error: torch.Tensor, delta: float) -> torch.Tensor:
    # hole: huber
    size = error.abs()
    return torch.where(size < delta, 0.5 * error**2, delta * (size - 0.5 * delta))
    # end


for shape in ((N,), (N, D)):
    prediction, target = 3 * torch.randn(2, *shape, device=device)
    error = prediction - target
    check(nn.MSELoss, (prediction, target), error**2)
    check(nn.L1Loss, (prediction, target), error.abs())
    for delta in (0.5, 1.0, 3.0):
        leaf = nn.Parameter(error)
        (slope,) = torch.autograd.grad(huber(leaf, delta).sum(), leaf)
        close(slope, error.clamp(-delta, delta))  # the error, clipped
        check(nn.HuberLoss, (prediction, target), huber(error, delta), delta=delta)
        check(nn.SmoothL1Loss, (prediction, target), huber(error, delta) / delta, beta=delta)
    assert F.huber_loss(prediction, target, delta=0.5) < F.huber_loss(prediction, target, delta=3.0)
    assert F.smooth_l1_loss(prediction, target, beta=0.5) > F.smooth_l1_loss(prediction, target, beta=3.0)
close(regression, huber(out - numbers, 1.0).mean())
values = torch.tensor([0.0, 0.4, 1.0, 3.1, 100.0], device=device)  # an outlier
constant = torch.linspace(0, 50, 501, device=device)[:, None].expand(-1, 5)  # (501, 5), one guess for all values
for loss, best in ((nn.MSELoss, 20.9), (nn.L1Loss, 1.0), (nn.HuberLoss, 1.2)):
    at = loss(reduction="none")(constant, values.expand_as(constant)).sum(dim=1).argmin()  # harmless: even
    close(constant[at, 0].item(), best, atol=0.02)  # the mean, the median, and something between
    print(f"{loss.__name__}: the best constant is {constant[at, 0]:.1f}")

# %% One class of C: scores (N, C), and indices (N,) or probabilities (N, C)
log_q = logits.log_softmax(dim=1)  # (N, C)
each = -log_q[torch.arange(N, device=device), index]  # (N,)
check(nn.CrossEntropyLoss, (logits, index), each)
close(one_class, each.mean())
close(at_places, F.cross_entropy(logits_at.movedim(1, 2).reshape(-1, C), index_at.flatten()))
check(nn.NLLLoss, (log_q, index), each)
check(nn.CrossEntropyLoss, (logits, p), -(p * log_q).sum(dim=1))
weight, keep = torch.linspace(1, 4, C, device=device), index > 1  # (C,), (N,)  # harmless: any
by_hand = (weight[index] * each)[keep].sum() / weight[index][keep].sum()  # divided by the weights that took part
close(nn.CrossEntropyLoss(weight=weight, ignore_index=-1)(logits, index.where(keep, -1)), by_hand)

# %% Yes or no, for each element on its own; log loss, BCE and cross entropy are one thing
z, y = logits, labels.float()  # (N, C) each
pos_weight = torch.linspace(0.5, 4, C, device=device)  # (C,), a factor for the positives of each column
log_loss = -(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z))  # (N, C)
weighted = -(pos_weight * y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z))
check(nn.BCEWithLogitsLoss, (z, y), log_loss)
close(several, log_loss.mean())
close(yes_or_no, F.soft_margin_loss(out, 2 * yes - 1))
check(nn.BCEWithLogitsLoss, (z, y), weighted, pos_weight=pos_weight)  # this mean divides by the number of elements
check(nn.BCELoss, (z.sigmoid(), y), log_loss)
check(nn.SoftMarginLoss, (z, 2 * y - 1), log_loss)  # the same loss for labels of -1 and 1
check(nn.MultiLabelSoftMarginLoss, (z, y), log_loss.mean(dim=1))
check(nn.CrossEntropyLoss, (torch.stack([0 * z, z], dim=1), y.long()), log_loss)  # two classes, scores 0 and z

# %% KL divergence: log-probabilities first, then the target's probabilities
terms = p * (p.log() - log_q)  # (N, C), a row adds up to its KL(p || q)
close(whole, terms.sum(dim=1).mean())
close(F.kl_div(log_q, p.log(), reduction="batchmean", log_target=True), whole)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    check(nn.KLDivLoss, (log_q, p), terms)  # "mean" divides by N * C
assert caught, 'KLDivLoss warns of its default "mean", which divides by the classes too'
assert (terms.sum(dim=1) >= 0).all(), "the divergence of two rows that add up to 1 is not negative"
assert F.kl_div(p, p, reduction="batchmean") < 0, "probabilities as input raise nothing; the result is negative"


# %% The hinge family: margins between scores; labels are -1 and 1, or class indices
def multi_margin(x: torch.Tensor, right: torch.Tensor, margin: float) -> torch.Tensor:
    width = x.shape[1]  # x: (N, width), right: (N,)
    # hole: multi-margin
    lead = x.gather(1, right[:, None]) - x  # (N, width), of the right class over each class
    losses = ((margin - lead).relu().sum(dim=1) - margin) / width  # the lead over itself does not count
    # end
    return losses


s, other, sign = *torch.randn(2, N, device=device), 2 * y[:, 0] - 1  # (N,) each
check(nn.MarginRankingLoss, (s, other, sign), (0.5 - sign * (s - other)).relu(), margin=0.5)
check(nn.MarginRankingLoss, (s, 0 * s, sign), (1 - sign * s).relu(), margin=1.0)  # the hinge of a binary SVM
check(nn.HingeEmbeddingLoss, (s, sign), torch.where(sign > 0, s, (0.5 - s).relu()), margin=0.5)
for margin, rows in ((0.5, (logits, index)), (1.0, (logits[:, :2], index % 2))):  # harmless: any
    check(nn.MultiMarginLoss, rows, multi_margin(*rows, margin), margin=margin)
ranked = y.argsort(descending=True, stable=True)  # (N, C), the classes that are on come first
listed = torch.where(torch.arange(C, device=device) < y.sum(dim=1, keepdim=True), ranked, -1)  # -1 ends the list
pairs = (1 - z[:, :, None] + z[:, None, :]).relu() * y[:, :, None] * (1 - y)[:, None, :]  # (N, C, C), on against off
check(nn.MultiLabelMarginLoss, (z, listed), pairs.sum(dim=(1, 2)) / C)

# %% Distances between vectors
a, b, c = torch.randn(3, N, D, device=device)
cosine = (a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1))  # (N,)
check(nn.CosineEmbeddingLoss, (a, b, sign), torch.where(sign > 0, 1 - cosine, (cosine - 0.2).relu()), margin=0.2)
check(nn.TripletMarginLoss, (a, b, c), ((a - b).norm(dim=1) - (a - c).norm(dim=1) + 0.7).relu(), margin=0.7)
print("every formula agrees with torch, unreduced, added up and averaged")

# %% (N, 1) against (N,): some losses say nothing and compare every row with every row, some warn, some raise
row = torch.rand(N, device=device)  # (N,)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for loss in (F.kl_div, F.poisson_nll_loss, F.hinge_embedding_loss, partial(F.gaussian_nll_loss, var=row + 1)):
        assert loss(row[:, None], row, reduction="none").shape == (N, N), "it broadcasts"
    assert not caught, "these four do not even warn"
    for loss in (nn.MSELoss, nn.L1Loss, nn.HuberLoss, nn.SmoothL1Loss):
        assert loss(reduction="none")(row[:, None], row).shape == (N, N), "it broadcasts"
    assert len(caught) == 4, "these four warn, each of them"
for loss in (nn.BCELoss, nn.BCEWithLogitsLoss, nn.SoftMarginLoss):
    try:
        loss()(row[:, None], row)  # harmless: (N,) against (N, 1) raises as well
        raise AssertionError(f"{loss.__name__} takes unequal shapes")
    except (RuntimeError, ValueError) as error:
        print(f"{loss.__name__}: {error}")
