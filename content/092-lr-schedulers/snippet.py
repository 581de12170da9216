# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A scheduler writes the rate of the next step into the optimizer: curves, warm-up, order of calls, exact resuming."""

import math
import os
import warnings

import torch
from torch import nn
from torch.optim import SGD, Adam, RMSprop, lr_scheduler
from torch.testing import assert_close

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
T, BASE = 20, 0.8  # steps of a run, the rate given to the optimizer


# %% In short: a rate that climbs, then falls as a cosine; the scheduler steps after the optimizer
def warmup_cosine(optimizer, warmup: int, total: int, start: float):
    # hole: warmup-then-cosine
    up = lr_scheduler.LinearLR(optimizer, start_factor=start, total_iters=warmup)
    down = lr_scheduler.CosineAnnealingLR(optimizer, T_max=total - warmup)
    return lr_scheduler.SequentialLR(optimizer, [up, down], milestones=[warmup])
    # end


def train(model: nn.Module, optimizer, scheduler, batches) -> None:
    for x, y in batches:
        optimizer.zero_grad()
        (model(x) - y).square().mean().backward()
        optimizer.step()  # reads the rate in optimizer.param_groups
        scheduler.step()  # writes the next one there


def start() -> tuple[nn.Module, SGD, lr_scheduler.LRScheduler]:
    optimizer = SGD((model := nn.Linear(8, 1).to(device)).parameters(), lr=0.05, momentum=0.5)
    return model, optimizer, warmup_cosine(optimizer, warmup=3, total=12, start=0.1)


batches = [(rows, rows.sum(1, keepdim=True)) for rows in torch.randn(12, 16, 8, device=device)]
unbroken, stopped, resumed = start(), start(), start()
stopped[0].load_state_dict(unbroken[0].state_dict())
train(*unbroken, batches)
train(*stopped, batches[:5])
checkpoint = [part.state_dict() for part in stopped]  # of the model, the optimizer and the scheduler
for part, state in zip(resumed, checkpoint, strict=True):
    part.load_state_dict(state)
train(*resumed, batches[5:])
assert torch.equal(resumed[0].weight, unbroken[0].weight), "with all three states the run goes on bit for bit"
x, y = batches[0]  # harmless: any of them
error = (unbroken[0](x) - y).square().mean() / y.square().mean()
assert unbroken[2].get_last_lr()[0] < 1e-9 and error < 0.5, "the rate ends at 0, and it learns"


def setup(kind, options: dict, lr: float = BASE):
    optimizer = SGD([nn.Parameter(torch.zeros(1, device=device))], lr=lr, momentum=0.9)  # harmless: for one-cycle
    return optimizer, kind(optimizer, **options)


def run(optimizer, scheduler, steps: int) -> list[float]:
    used, stuck = [], {"metrics": 3.0} if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau) else {}
    for _ in range(steps):
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()  # harmless: only the rates are looked at
        scheduler.step(**stuck)
    return used


# %% Each curve equals its formula; t counts the calls of scheduler.step()
def cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def one_cycle(t: int) -> float:  # up to step 0.3 * T - 1 = 5, down to step T - 1 = 19
    return cosine(2 / 25, 2, t / 5) if t <= 5 else cosine(2, 2 / 25e4, (t - 5) / 14)  # harmless: both are 2 at t = 5


plan, ramp = {"warmup": 5, "total": T, "start": 0.1}, [0.08, 0.224, 0.368, 0.512, 0.656]
curves = {
    "step": (lr_scheduler.StepLR, {"step_size": 7, "gamma": 0.1}, lambda t: BASE * 0.1 ** (t // 7)),
    "exponential": (lr_scheduler.ExponentialLR, {"gamma": 0.9}, lambda t: BASE * 0.9**t),
    "cosine": (lr_scheduler.CosineAnnealingLR, {"T_max": T}, lambda t: cosine(BASE, 0, t / T)),
    "linear": (lr_scheduler.LinearLR, {"start_factor": 0.1, "total_iters": 5}, lambda t: ramp[t] if t < 5 else BASE),
    "plateau": (lr_scheduler.ReduceLROnPlateau, {"patience": 3}, lambda t: BASE * 0.1 ** max((t - 1) // 4, 0)),
    "one-cycle": (lr_scheduler.OneCycleLR, {"max_lr": 2.0, "total_steps": T}, one_cycle),
    "warm-up": (warmup_cosine, plan, lambda t: ramp[t] if t < 5 else cosine(BASE, 0, (t - 5) / 15)),
}
full = {name: run(*setup(kind, options), T) for name, (kind, options, _) in curves.items()}
for name, (_, _, formula) in curves.items():
    print(f"{name:12}", *(f"{lr:.3f}" for lr in full[name][::3]))
    assert_close(full[name], [formula(t) for t in range(T)], rtol=1e-6, atol=1e-9)
used = run(*setup(warmup_cosine, {"warmup": 2, "total": 8, "start": 0.5}, lr=0.02), 8)
assert_close(used, [0.01, 0.015, *(cosine(0.02, 0, t / 6) for t in range(6))])

# %% Order: with scheduler.step() first, the first rate is never used; torch warns once
(optimizer, scheduler), used = setup(lr_scheduler.ExponentialLR, {"gamma": 0.9}), []
with warnings.catch_warnings(record=True, action="always") as caught:  # harmless: nothing warned before
    for _ in range(3):
        scheduler.step()
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()  # harmless: only the rates are looked at
assert ["before `optimizer.step()`" in str(w.message) for w in caught] == [True], "one warning, at the first step"
assert used == full["exponential"][1:4], "the schedule runs one step ahead"


# %% Plateau: the rate falls at the value number patience + 1 in a row that is no improvement
def plateau(values: list[float]) -> list[float]:
    optimizer, scheduler = setup(lr_scheduler.ReduceLROnPlateau, {"factor": 0.5, "patience": 2}, lr=1.0)
    return [scheduler.step(value) or optimizer.param_groups[0]["lr"] for value in values]


assert plateau([3.0] * 7) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25], "one value to compare with, then three bad ones"
assert plateau([0.1, 0.3, 0.5, 0.7])[-1] == 0.5, "mode='min' takes a rising accuracy for a failure"

# %% Adam and RMSprop never touch the rate; a falling one averages away noise that a constant one keeps
for kind, scheduled in (RMSprop, False), (Adam, False), (Adam, True):
    w = nn.Parameter(torch.full((10_000,), 3.0, device=device))  # each weight has its minimum at 0
    optimizer = kind([w], lr=0.1)
    scheduler = lr_scheduler.CosineAnnealingLR(optimizer, T_max=200)
    for _ in range(200):
        w.grad = w.detach() + torch.randn_like(w)  # the gradient of a noisy batch  # harmless: a graph more
        optimizer.step()
        if scheduled:
            scheduler.step()
    print(f"200 steps of {kind.__name__}, {scheduled=}: loss={(loss := w.detach().square().mean().item() / 2):.4f}")
    assert scheduled or optimizer.param_groups[0]["lr"] == 0.1, "an optimizer alone keeps the rate it was given"
    assert loss < 0.008 if scheduled else loss > 0.015, "the schedule adds to Adam what Adam does not do"


# %% Resuming in the middle takes the states of both, loaded once both exist
def resume(kind, options: dict, *loaded: str) -> list[float]:
    old = dict(zip(("optimizer", "scheduler"), setup(kind, options), strict=True))
    run(*old.values(), T // 2)
    new = dict(zip(old, setup(kind, options), strict=True))
    for name in loaded:
        new[name].load_state_dict(old[name].state_dict())
    return run(*new.values(), T // 2)


for name, (kind, options, _) in curves.items():
    rest = full[name][T // 2 :]
    assert resume(kind, options, "optimizer", "scheduler") == rest, f"{name}: with both states, bit for bit"
    assert resume(kind, options, "scheduler") != rest, f"{name}: the rate itself is in the optimizer's state"
    assert (resume(kind, options, "optimizer") == rest) == (name == "exponential"), "all but one need their count"
cut = curves["cosine"][:2]
assert_close(resume(*cut, "scheduler"), [2 * lr for lr in full["cosine"][T // 2 :]])  # on from BASE, not BASE / 2
assert_close(resume(*cut, "optimizer"), [cosine(BASE / 2, 0, t / T) for t in range(T // 2)])  # counts from 0 again
