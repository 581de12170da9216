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
N, C, D = 60, 5, 3  # rows, classes, dimensions of a vector
close = partial(torch.testing.assert_close, rtol=1e-4, atol=1e-5)


def check(loss, inputs, by_hand, **options):
    """by_hand holds the unreduced losses; "sum" and "mean" must follow from them."""
    for reduction, wanted in (("none", by_hand), ("sum", by_hand.sum()), ("mean", by_hand.mean())):
        close(loss(reduction=reduction, **options)(*inputs), wanted)


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
        leaf = error.clone().requires_grad_()
        (slope,) = torch.autograd.grad(huber(leaf, delta).sum(), leaf)
        close(slope, error.clamp(-delta, delta))  # the error, clipped
        check(nn.HuberLoss, (prediction, target), huber(error, delta), delta=delta)
        check(nn.SmoothL1Loss, (prediction, target), huber(error, delta) / delta, beta=delta)
    assert F.huber_loss(prediction, target, delta=0.5) < F.huber_loss(prediction, target, delta=3.0)
    assert F.smooth_l1_loss(prediction, target, beta=0.5) > F.smooth_l1_loss(prediction, target, beta=3.0)

# %% One class of C: scores (N, C), and indices (N,) or probabilities (N, C)
scores, index = 2 * torch.randn(N, C, device=device), torch.randint(C, (N,), device=device)
log_q = scores.log_softmax(dim=1)  # (N, C)
p = torch.randn(N, C, device=device).softmax(dim=1)  # (N, C), rows sum to 1
each = -log_q[torch.arange(N, device=device), index]  # (N,)
check(nn.CrossEntropyLoss, (scores, index), each)
check(nn.NLLLoss, (log_q, index), each)
check(nn.CrossEntropyLoss, (scores, p), -(p * log_q).sum(dim=1))
weight, keep = torch.linspace(1, 4, C, device=device), torch.arange(N, device=device) % 3 > 0  # (C,), (N,)
mean = nn.CrossEntropyLoss(weight=weight, ignore_index=-1)(scores, index.where(keep, -1))
by_hand = (weight[index] * each)[keep].sum() / weight[index][keep].sum()  # divided by the weights that took part
close(mean, by_hand)

# %% Yes or no, for each element on its own; log loss, BCE and cross entropy are one thing
z, y = 2 * torch.randn(N, C, device=device), (torch.rand(N, C, device=device) < 0.3).float()
pos_weight = torch.linspace(0.5, 4, C, device=device)  # (C,), a factor for the positives of each column
log_loss = -(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z))  # (N, C)
weighted = -(pos_weight * y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z))
check(nn.BCEWithLogitsLoss, (z, y), log_loss)
check(nn.BCEWithLogitsLoss, (z, y), weighted, pos_weight=pos_weight)  # this mean divides by the number of elements
check(nn.BCELoss, (z.sigmoid(), y), log_loss)
check(nn.SoftMarginLoss, (z, 2 * y - 1), log_loss)  # the same loss for labels of -1 and 1
check(nn.MultiLabelSoftMarginLoss, (z, y), log_loss.mean(dim=1))
check(nn.CrossEntropyLoss, (torch.stack([0 * z, z], dim=1), y.long()), log_loss)  # two classes, scores 0 and z

# %% KL divergence: log-probabilities first, then the target's probabilities
terms = p * (p.log() - log_q)  # (N, C), a row adds up to its KL(p || q)
batch_mean = F.kl_div(log_q, p, reduction="batchmean")
close(batch_mean, terms.sum(dim=1).mean())
close(F.kl_div(log_q, p.log(), reduction="batchmean", log_target=True), batch_mean)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    check(nn.KLDivLoss, (log_q, p), terms)  # "mean" divides by N * C
assert caught, 'KLDivLoss warns of its default "mean", which divides by the classes too'
assert F.kl_div(p, p, reduction="batchmean") < 0, "probabilities as input raise nothing; the result is negative"

# %% The hinge family: margins between scores; labels are -1 and 1, or class indices
s, other, sign = *torch.randn(2, N, device=device), 2 * y[:, 0] - 1  # (N,) each
check(nn.MarginRankingLoss, (s, other, sign), (0.5 - sign * (s - other)).relu(), margin=0.5)
check(nn.MarginRankingLoss, (s, 0 * s, sign), (1 - sign * s).relu(), margin=1.0)  # the hinge of a binary SVM
check(nn.HingeEmbeddingLoss, (s, sign), torch.where(sign > 0, s, (0.5 - s).relu()), margin=0.5)
for margin, width in ((0.5, C), (1.0, 2)):
    x, right = scores[:, :width], index % width  # (N, width), (N,)
    # hole: multi-margin
    lead = x.gather(1, right[:, None]) - x  # (N, width), of the right class over each class
    losses = ((margin - lead).relu().sum(dim=1) - margin) / width  # the lead over itself does not count
    # end
    check(nn.MultiMarginLoss, (x, right), losses, margin=margin)
ranked = y.argsort(dim=1, descending=True, stable=True)  # (N, C), the classes that are on come first
labels = torch.where(torch.arange(C, device=device) < y.sum(dim=1, keepdim=True), ranked, -1)  # -1 ends the list
pairs = (1 - z[:, :, None] + z[:, None, :]).relu() * y[:, :, None] * (1 - y)[:, None, :]  # (N, C, C), on against off
check(nn.MultiLabelMarginLoss, (z, labels), pairs.sum(dim=(1, 2)) / C)

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
    for loss in (nn.KLDivLoss, nn.PoissonNLLLoss, nn.HingeEmbeddingLoss):
        assert loss(reduction="none")(row[:, None], row).shape == (N, N), "it broadcasts"
    assert nn.GaussianNLLLoss(reduction="none")(row[:, None], row, row + 1).shape == (N, N)
    assert not caught, "these four do not even warn"
    for loss in (nn.MSELoss, nn.L1Loss, nn.HuberLoss, nn.SmoothL1Loss):
        assert loss(reduction="none")(row[:, None], row).shape == (N, N), "it broadcasts"
    assert len(caught) == 4, "these four warn, each of them"
for loss in (nn.BCELoss, nn.BCEWithLogitsLoss, nn.SoftMarginLoss):
    try:
        loss()(row[:, None], row)
        raise AssertionError(f"{loss.__name__} takes unequal shapes")
    except (RuntimeError, ValueError) as error:
        print(f"{loss.__name__}: {error}")
