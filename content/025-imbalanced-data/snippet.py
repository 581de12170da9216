# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Class weights, a sampler and a moved threshold are one correction; accuracy cannot see it, recall per class can."""

import math
import os

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import WeightedRandomSampler

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, D, RATE = 20_000, 2, 0.05  # one row in twenty is positive


# %% In short
def balanced_loss(y, classes):  # weights N / (C * counts): every class gets the same total
    weight = len(y) / (classes * y.bincount(minlength=classes).float())  # (C,)
    return nn.CrossEntropyLoss(weight=weight)


def balanced_sampler(y):  # for DataLoader(data, batch_size, sampler=...); use it or the weights, not both
    return WeightedRandomSampler((1 / y.bincount().float())[y], num_samples=len(y))  # one weight a row


def average_precision(scores, y):  # (N,), (N,) with 1 for positive: the area under the precision-recall curve
    # hole: average-precision
    hits = y[scores.argsort(descending=True)]  # (N,), best score first
    precision = hits.cumsum(0) / torch.ones_like(hits).cumsum(0)  # (N,), among the first 1, 2, ... rows
    return precision[hits == 1].mean()
    # end


# %% Data: two overlapping classes, at the real rate in both parts
y_all = (torch.rand(2 * N, device=device) < RATE).long()  # (2N,)
x_all = torch.randn(2 * N, D, device=device) + 1.5 * y_all.unsqueeze(1)  # (2N, D)
train, test = torch.randperm(2 * N, device=device).split(N)  # (N,) each, indices of rows
y, y_test = y_all[train], y_all[test]  # (N,)
negatives, positives = y.bincount(minlength=2).float()


# %% The metric: the recall of each class; balanced accuracy is their mean
def recalls(predicted: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.stack([(predicted[y == c] == c).float().mean() for c in (0, 1)])  # (2,)


constant = torch.zeros_like(y_test)  # "it never happens"
accuracy, balanced = (constant == y_test).float().mean().item(), recalls(constant, y_test).mean().item()
print(f"constant classifier: accuracy {accuracy:.3f}, balanced accuracy {balanced:.3f}")
assert accuracy > 0.93 and balanced == 0.5, "accuracy rewards a model that finds nothing"


# %% Focal loss: cross entropy times (1 - p) ** gamma, p being the probability of the true class
def focal_losses(logits: torch.Tensor, target: torch.Tensor, gamma: float) -> torch.Tensor:
    # hole: focal-loss
    ce = F.cross_entropy(logits, target, reduction="none")  # (N,), -log p
    return (1 - torch.exp(-ce)) ** gamma * ce
    # end


pair = torch.tensor([[0.0, math.log(9)], [0.0, math.log(9)], [1000.0, 0.0]], device=device)  # (3, 2)
truth = torch.tensor([1, 0, 1], device=device)  # (3,), probability of the true class: 0.9, 0.1 and 0
by_hand = torch.tensor([0.1**2 * -math.log(0.9), 0.9**2 * -math.log(0.1), 1000], device=device)
torch.testing.assert_close(focal_losses(pair, truth, 2.0), by_hand)
torch.testing.assert_close(focal_losses(pair, truth, 0.0), F.cross_entropy(pair, truth, reduction="none"))
exact = pair[:2].double().requires_grad_()
slopes_agree = torch.autograd.gradcheck(lambda z: focal_losses(z, truth[:2], 2.0), exact, raise_exception=False)
assert slopes_agree, "the factor takes part in the gradient"

# %% The sampler: rows drawn with replacement, each class half of the time
rows = torch.tensor(list(balanced_sampler(y)), device=device)  # (N,), what a DataLoader fetches in an epoch
assert abs(y[rows].float().mean() - 0.5) < 0.02, "draws are balanced on average, not exactly"


# %% Train the same logistic regression in five ways
def fit(name: str, rows: torch.Tensor, loss_of=F.cross_entropy) -> torch.Tensor:
    assert not torch.isin(rows, test).any(), "no row of the test is trained on"
    x, y = x_all[rows], y_all[rows]  # (N, D), (N,)
    net = nn.Linear(D, 2).to(device)
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=15, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        return loss

    for step in (1, 2):
        print(f"step={step} {name}={optimizer.step(closure).item():.4f}")
    return net(x_all[test]).detach().diff(dim=1).squeeze(1)  # (N,), log-odds of being positive


weighted_loss = balanced_loss(y, 2)
torch.testing.assert_close(weighted_loss.weight, torch.stack([N / (2 * negatives), N / (2 * positives)]))
log_odds = {
    "plain": fit("plain", train),
    "weighted": fit("weighted", train, weighted_loss),
    "sampled": fit("sampled", train[rows]),
    "both": fit("both", train[rows], weighted_loss),
    "focal": fit("focal", train, lambda logits, y: focal_losses(logits, y, 2.0).mean()),
}

few, found = torch.tensor([0.6, 0.9, 0.1, 0.7], device=device), torch.tensor([0, 1, 0, 1], device=device)
assert average_precision(few, found) == 1, "every positive stands before every negative"
torch.testing.assert_close(
    average_precision(few, 1 - found).item(), (1 / 3 + 2 / 4) / 2
)  # positives come third, fourth
assert abs(average_precision(torch.rand(N, device=device), y_test) - RATE) < 0.02, "by chance: the rate, not 0.5"

# %% Recall rises, precision falls, the ranking stays: each correction adds log(negatives / positives)
for name, times in (("plain", 0), ("weighted", 1), ("sampled", 1), ("both", 2)):
    z = log_odds[name]  # (N,)
    (low, high), precision = recalls(z > 0, y_test).tolist(), y_test[z > 0].float().mean().item()
    below = torch.searchsorted(z[y_test == 0].sort().values, z[y_test == 1])  # negatives ranked below each positive
    auc = (below.float().mean() / (y_test == 0).sum()).item()
    mean, restored = z.sigmoid().mean().item(), (z - times * (negatives / positives).log()).sigmoid().mean().item()
    ap = average_precision(z, y_test).item()
    print(f"{name}: recalls {low:.2f} {high:.2f}, balanced accuracy {(low + high) / 2:.2f}, mean output {mean:.2f}")
    print(f"  precision {precision:.2f}, AUC {auc:.3f}, average precision {ap:.2f}")
    assert abs(restored - RATE) < 0.02, "taken back once for each correction, the mean probability is the real rate"
    if times == 0:
        base, base_precision, base_auc, base_ap = high, precision, auc, ap
        assert abs(auc - 0.933) < 0.03 and 0.4 < ap < 0.7, "AUC is near its best; average precision tells more"
    else:
        assert high > base + 0.3 and precision < base_precision - 0.3, "minority recall is paid for with false alarms"
        assert abs(auc - base_auc) < 0.003 and abs(ap - base_ap) < 0.02, "no row is ranked better"
        assert (low + high) / 2 < 0.78 if times == 2 else (low + high) / 2 > 0.8, "corrected twice is as bad as never"
focal_recall, mean = recalls(log_odds["focal"] > 0, y_test)[1].item(), log_odds["focal"].sigmoid().mean().item()
print(f"focal: minority recall {focal_recall:.2f}, mean output {mean:.2f}")
assert abs(focal_recall - base) < 0.05 and 2 * RATE < mean < 0.5, "focal loss flattens probabilities, not the decision"


# %% The same without retraining: move the threshold of the plain model
def decide(log_odds: torch.Tensor, negatives: torch.Tensor, positives: torch.Tensor) -> torch.Tensor:
    # hole: move-threshold
    return log_odds > positives.log() - negatives.log()  # (N,)
    # end


three_to_one = torch.tensor([3.0, 1.0], device=device)  # a rate of 0.25; -1.2 and -1.0 mean 0.23 and 0.27
near = decide(torch.tensor([-1.2, -1.0], device=device), *three_to_one)
assert near.tolist() == [False, True], "the threshold belongs at the real rate of positives"
agree = (decide(log_odds["plain"], negatives, positives) == (log_odds["weighted"] > 0)).float().mean().item()
print(f"plain model with a moved threshold: same decision as the weighted one on {agree:.3f} of the rows")
assert agree > 0.98, "weights and threshold are the same correction"
