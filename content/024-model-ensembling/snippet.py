# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Average probabilities of independent nets, weights only along one run, and stack only out-of-fold predictions."""

import math
import os

import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import cross_entropy, mse_loss, nll_loss, one_hot
from torch.nn.utils import parameters_to_vector
from torch.optim.swa_utils import AveragedModel

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, TEST, M, C, WIDTH, FOLDS = 300, 2000, 8, 3, 32, 5  # training rows, fresh rows, members, classes, width, folds


# %% Data: three spiral arms that blur into one another
def spirals(count):
    y, radius = torch.randint(C, (count,), device=device), 0.3 + 2.5 * torch.rand(count, device=device)
    angle = 2 * math.pi * y / C + 1.5 * radius
    x = radius * torch.stack([angle.cos(), angle.sin()])  # (2, count)
    return x.mT + 0.3 * torch.randn(count, 2, device=device), y


def net():
    hidden = nn.Linear(2, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU()
    return nn.Sequential(*hidden, nn.Linear(WIDTH, C)).to(device)


(x, y), (fresh_x, fresh_y), row = spirals(N), spirals(TEST), torch.arange(N, device=device)

# %% Bagging: every member draws N rows with replacement
bags = torch.randint(N, (M, N), device=device)  # (M, N)
left_out = 1 - sum(bag.unique().numel() for bag in bags) / (M * N)
print(f"a bootstrap leaves out {left_out:.3f} of the rows, expected {(1 - 1 / N) ** N:.3f}, 1/e = {1 / math.e:.3f}")
assert abs(left_out - 1 / math.e) < 0.04, "about 36.8 % of the rows are not in the bag"

# %% All members in one pass: stack the parameters, map over the stack
skeleton = net()


def forward(params, buffers, x):
    return functional_call(skeleton, (params, buffers), x)  # one member: (N, C)


def train(rows):  # (M, N): the rows of each member
    params, buffers = stack_module_state([net() for _ in range(M)])  # each parameter: (M, ...)
    optimizer = torch.optim.Adam(params.values(), lr=0.02, fused=True)
    for _ in range(150):
        logits = vmap(forward)(params, buffers, x[rows])  # (M, N, C)
        loss = vmap(cross_entropy)(logits, y[rows]).sum()  # a sum leaves every net its own gradient
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return params, vmap(forward, in_dims=(0, 0, None))(params, buffers, fresh_x)  # (M, TEST, C)


# %% Average the members' probabilities
def ensemble(logits):  # (M, N, C)
    # hole: average-members
    return logits.softmax(dim=-1).mean(dim=0)  # (N, C)
    # end


for name, rows in {"all rows": row.expand(M, N), "bags": bags}.items():
    params, logits = train(rows)
    torch.testing.assert_close(ensemble(logits), sum(member.softmax(-1) for member in logits) / M)
    members = torch.stack([cross_entropy(member, fresh_y, reduction="none") for member in logits])  # (M, TEST)
    mean = nll_loss(ensemble(logits).log(), fresh_y, reduction="none")  # (TEST,)
    other = cross_entropy(logits.mean(dim=0), fresh_y, reduction="none")  # (TEST,)
    print(f"{name}: members {members.mean():.3f}, mean of probabilities {mean.mean():.3f}, logits {other.mean():.3f}")
    assert (mean <= members.mean(dim=0) + 1e-3).all(), "Jensen: on no row worse than the members' mean cross entropy"
    assert (other <= members.mean(dim=0) + 1e-3).all() and (mean - other).abs().max() > 0.1, "logits: another average"
loop = [forward({name: stack[m] for name, stack in params.items()}, {}, fresh_x) for m in range(M)]
torch.testing.assert_close(logits, torch.stack(loop), rtol=1e-3, atol=1e-3)  # one pass equals the loop

# %% Average the weights: not those of independent runs, but those along one run
skeleton.load_state_dict({name: stack.mean(dim=0) for name, stack in params.items()})
independent = cross_entropy(skeleton(fresh_x), fresh_y).item()
runner, snapshots, losses = net(), [], []
optimizer, averaged = torch.optim.SGD(runner.parameters(), lr=0.3), AveragedModel(runner)
for step in range(1, 801):
    batch = torch.randint(N, (32,), device=device)
    loss = cross_entropy(runner(x[batch]), y[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step={step} loss={loss.item():.4f}")
    if step > 400 and step % 20 == 0:
        averaged.update_parameters(runner)
        snapshots.append(parameters_to_vector(runner.parameters()).detach())
        losses.append(cross_entropy(runner(fresh_x), fresh_y).item())
kept = parameters_to_vector(averaged.parameters())
torch.testing.assert_close(kept, torch.stack(snapshots).mean(dim=0), rtol=1e-3, atol=1e-4)
along, own = cross_entropy(averaged(fresh_x), fresh_y).item(), sum(losses) / len(losses)
print(f"mean of weights: {independent:.3f} over independent nets, {along:.3f} along one run (its snapshots {own:.3f})")
assert independent > 1.2 * members.mean(), "the mean of independent nets' weights is worse than the nets"
assert along < own, "along one run it is better than the nets that it averages"


# %% Stacking: a linear model weighs experts, and must not see them on rows that they were fitted to
def experts(x, y, query):
    order = (query[:, None] - x).square().sum(dim=-1).argsort(dim=1)  # (Q, N), nearest first
    votes = one_hot(y, C).float()[order]  # (Q, N, C)
    return torch.stack([votes[:, 0], votes[:, :15].mean(dim=1)], dim=-1)  # (Q, C, 2), by 1 and by 15 neighbours


fold_of = row % FOLDS  # (N,)


def out_of_fold(x, y):
    predictions = torch.zeros(N, C, 2, device=device)
    for fold in range(FOLDS):
        # hole: out-of-fold
        held = fold_of == fold  # (N,)
        predictions[held] = experts(x[~held], y[~held], x[held])
        # end
    return predictions


safe, leaky = out_of_fold(x, y), experts(x, y, x)  # (N, C, 2)
own_fold = fold_of == fold_of[7]
relabelled = out_of_fold(x, torch.where(own_fold, (y + 1) % C, y))
assert torch.equal(relabelled[own_fold], safe[own_fold]), "no prediction may depend on a label of its own fold"
torch.testing.assert_close(safe[7:8], experts(x[~own_fold], y[~own_fold], x[7:8]))  # fitted to all the other folds
assert torch.equal(leaky[..., 0].argmax(dim=1), y), "in-sample the nearest neighbour is the row itself"
brier = []
for features in (leaky, safe):
    weights = torch.linalg.lstsq(features.flatten(0, 1), one_hot(y, C).float().flatten()[:, None]).solution  # (2, 1)
    brier.append(mse_loss((experts(x, y, fresh_x) @ weights).squeeze(-1), one_hot(fresh_y, C).float()).item())
    print(f"stacking: weight of 1 neighbour {weights[0].item():.2f}, error on fresh rows {brier[-1]:.4f}")
assert brier[1] < 0.9 * brier[0], "in-sample, the memoriser looks perfect and takes all the weight"
