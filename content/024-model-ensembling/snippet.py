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
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, TEST, M, C, WIDTH, FOLDS = 300, 2000, 8, 3, 32, 5  # training rows, fresh rows, members, classes, width, folds


# %% In short
def predict(nets, x):  # the mean of the nets' probabilities, not of their logits
    with torch.no_grad():
        return torch.stack([net.eval()(x).softmax(dim=-1) for net in nets]).mean(dim=0)  # (N, C)


def train_averaged(net, optimizer, batches):  # a moving average of the weights along one run (EMA)
    averaged = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.99), use_buffers=True)
    for x, y in batches:
        loss = cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        averaged.update_parameters(net)  # after every step
    return averaged  # evaluate this one; averaged.module is the net to save


# %% Data: three spiral arms that blur into one another
def spirals(count):
    y, radius = torch.randint(C, (count,), device=device), 0.3 + 2.5 * torch.rand(count, device=device)
    angle = 2 * math.pi * y / C + 1.5 * radius  # harmless: other data would do
    return (radius * torch.stack([angle.cos(), angle.sin()])).mT + 0.3 * torch.randn(count, 2, device=device), y


def net():
    hidden, last = (nn.Linear(2, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU()), nn.Linear(WIDTH, C)
    return nn.Sequential(*hidden, last).to(device)


(x, y), (fresh_x, fresh_y), row = spirals(N), spirals(TEST), torch.arange(N, device=device)
fold_of = row % FOLDS  # (N,)

# %% Bagging: every member draws N rows with replacement
bags = torch.randint(N, (M, N), device=device)  # (M, N)
assert abs(1 - sum(len(bag.unique()) for bag in bags) / (M * N) - 1 / math.e) < 0.04, "about 36.8% are not in the bag"

# %% All members in one pass: stack the parameters, map over the stack
skeleton = net()


def forward(params, buffers, x):
    return functional_call(skeleton, (params, buffers), x)  # one member: (N, C)


def train(rows):  # (M, N): the rows of each member
    params, buffers = stack_module_state([net() for _ in range(M)])  # each parameter: (M, ...)
    optimizer = torch.optim.Adam(params.values(), lr=0.02)
    for _ in range(150):
        logits = vmap(forward)(params, buffers, x[rows])  # (M, N, C)  # harmless: there are no buffers
        loss = vmap(cross_entropy)(logits, y[rows]).sum()  # a sum leaves every net its own gradient  # harmless: Adam
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return params, vmap(forward, in_dims=(0, 0, None))(params, buffers, fresh_x).detach()  # harmless: no buffers


def ensemble(logits):  # (M, N, C)
    # hole: average-members
    return logits.softmax(dim=-1).mean(dim=0)  # (N, C)
    # end


for name, rows in {"all rows": row.expand(M, N), "bags": bags}.items():
    params, logits = train(rows)
    members = torch.stack([cross_entropy(member, fresh_y, reduction="none") for member in logits])  # (M, TEST)
    mean = nll_loss(ensemble(logits).log(), fresh_y, reduction="none")  # (TEST,)
    other = cross_entropy(logits.mean(dim=0), fresh_y, reduction="none")  # (TEST,)
    print(f"{name}: members {members.mean():.3f}, mean of probabilities {mean.mean():.3f}, logits {other.mean():.3f}")
    assert (mean.maximum(other) <= members.mean(dim=0) + 1e-3).all(), "Jensen: on no row worse than the members' mean"
    assert mean.min() >= 0 and members.mean() < 0.6 and (mean - other).abs().max() > 0.1, "logits: another average"
for m, member in enumerate(nets := [net() for _ in range(M)]):
    member.load_state_dict({name: stack[m] for name, stack in params.items()})
dropped = [nn.Sequential(member, nn.Dropout()) for member in nets]  # no dropout at prediction; one pass equals a loop
torch.testing.assert_close(predict(dropped, fresh_x[:99]), ensemble(logits)[:99], rtol=1e-3, atol=1e-4)

# %% Average the weights: not those of independent runs, but those along one run
center = {name: stack.mean(dim=0) for name, stack in params.items()}  # harmless: the sum is as far off
independent = cross_entropy(forward(center, {}, fresh_x), fresh_y).item()
runner = net()
swa, losses, seen = AveragedModel(runner), [], []  # swa: the plain mean of the nets that it is shown


def batches():
    for step in range(1, 801):
        rows = torch.randint(N, (32,), device=device)
        yield x[rows], y[rows]
        seen.append(parameters_to_vector(runner.parameters()).detach())  # the net after this batch
        if step > 400 and step % 20 == 0:  # harmless: other steps would do
            swa.update_parameters(runner)
            losses.append(cross_entropy(runner(fresh_x), fresh_y).item())


ema = train_averaged(runner, torch.optim.SGD(runner.parameters(), lr=0.3), batches())
weights = torch.tensor([0.99**799] + [0.01 * 0.99 ** (800 - step) for step in range(2, 801)], device=device)
torch.testing.assert_close(parameters_to_vector(ema.parameters()), weights @ torch.stack(seen), rtol=1e-3, atol=1e-4)
own, (along, moving) = sum(losses) / len(losses), (cross_entropy(net(fresh_x), fresh_y).item() for net in (swa, ema))
print(f"mean of weights, bagged nets {independent:.3f}; nets of a run {own:.3f}, SWA {along:.3f}, EMA {moving:.3f}")
assert independent > 1.2 * members.mean() and max(along, moving) < 0.95 * own < 0.5, "along one run it helps"


# %% Stacking: a linear model weighs experts, and must not see them on rows that they were fitted to
def experts(x, y, query):
    order = (query[:, None] - x).square().sum(dim=-1).argsort(dim=1)  # (Q, N), nearest first  # harmless: same order
    votes = one_hot(y, C).float()[order]  # (Q, N, C)
    return torch.stack([votes[:, 0], votes[:, :15].mean(dim=1)], dim=-1)  # (Q, C, 2)  # harmless: another scale


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
assert torch.equal(relabelled[own_fold], safe[own_fold]) and (relabelled != safe).any(), "a label of its own fold"
torch.testing.assert_close(safe[7:8], experts(x[~own_fold], y[~own_fold], x[7:8]))  # fitted to all the other folds
assert torch.equal(leaky[..., 0].argmax(dim=1), y), "in-sample the nearest neighbour is the row itself"
brier = []
for features in (leaky, safe):
    weights = torch.linalg.lstsq(features.flatten(0, 1), one_hot(y, C).float().flatten()[:, None]).solution  # (2, 1)
    brier.append(mse_loss((experts(x, y, fresh_x) @ weights).squeeze(-1), one_hot(fresh_y, C).float()).item())
    print(f"stacking: weight of 1 neighbour {weights[0].item():.2f}, error on fresh rows {brier[-1]:.4f}")
assert brier[1] < min(0.06, 0.9 * brier[0]), "in-sample, the memoriser looks perfect and takes all the weight"
