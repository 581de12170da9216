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

labels = (torch.rand(2, N, device=device) < RATE).long()  # (2, N), train and test: both keep the real rate
features = torch.randn(2, N, D, device=device) + 1.5 * labels.unsqueeze(2)  # (2, N, D), the classes overlap
(x, x_test), (y, y_test) = features, labels  # (N, D), (N,)
counts = y.bincount(minlength=2).float()  # (2,)
negatives, positives = counts


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
weight = N / (2 * counts)  # (2,), both classes get the same total
sampler = WeightedRandomSampler(weight[y], num_samples=N)  # one weight a row, not one a class
rows = torch.tensor(list(sampler), device=device)  # (N,), what DataLoader(data, sampler=sampler) fetches in an epoch
share = y[rows].float().mean().item()
print(f"sampler: {share:.3f} of the draws are positive")
assert abs(share - 0.5) < 0.02, "draws are balanced on average, not exactly"


# %% Train the same logistic regression in five ways
def fit(name: str, x: torch.Tensor, y: torch.Tensor, loss_of=F.cross_entropy) -> torch.Tensor:
    net = nn.Linear(D, 2).to(device)
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=15, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        return loss

    for step in (1, 2):
        print(f"step={step} {name}={optimizer.step(closure).item():.4f}")
    return net(x_test).detach().diff(dim=1).squeeze(1)  # (N,), log-odds of being positive


weighted_loss = nn.CrossEntropyLoss(weight=weight)
log_odds = {
    "plain": fit("plain", x, y),
    "weighted": fit("weighted", x, y, weighted_loss),
    "sampled": fit("sampled", x[rows], y[rows]),
    "both": fit("both", x[rows], y[rows], weighted_loss),
    "focal": fit("focal", x, y, lambda logits, y: focal_losses(logits, y, 2.0).mean()),
}

# %% Recall rises, precision falls, the ranking stays: each correction adds log(negatives / positives)
for name, times in (("plain", 0), ("weighted", 1), ("sampled", 1), ("both", 2)):
    z = log_odds[name]  # (N,)
    (low, high), precision = recalls(z > 0, y_test).tolist(), y_test[z > 0].float().mean().item()
    below = torch.searchsorted(z[y_test == 0].sort().values, z[y_test == 1])  # negatives ranked below each positive
    auc = (below.float().mean() / (y_test == 0).sum()).item()
    mean, restored = z.sigmoid().mean().item(), (z - times * (negatives / positives).log()).sigmoid().mean().item()
    print(f"{name}: recalls {low:.2f} {high:.2f}, precision {precision:.2f}, AUC {auc:.3f}, mean output {mean:.2f}")
    assert abs(restored - RATE) < 0.02, "taken back once for each correction, the mean probability is the real rate"
    if times == 0:
        base, base_precision, base_auc = high, precision, auc
        assert abs(auc - 0.933) < 0.03, "the best that these data allow is Phi(1.5)"
    else:
        assert high > base + 0.3 and precision < base_precision - 0.3, "minority recall is paid for with false alarms"
        assert abs(auc - base_auc) < 0.003, "no row is ranked better"
        assert (low + high) / 2 < 0.78 if times == 2 else (low + high) / 2 > 0.8, "corrected twice is as bad as never"
focal_recall, mean = recalls(log_odds["focal"] > 0, y_test)[1].item(), log_odds["focal"].sigmoid().mean().item()
print(f"focal: minority recall {focal_recall:.2f}, mean output {mean:.2f}")
assert abs(focal_recall - base) < 0.05 and mean > 2 * RATE, "focal loss flattens probabilities, not the decision"


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
