# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Tune lr for each optimizer before you compare them, decay weights only, and count what each keeps in memory."""

import copy
import os

import torch
from torch import nn
from torch.optim import SGD, Adafactor, Adagrad, Adam, AdamW, Muon, RMSprop

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))

# %% In short
C, H, L = 8, 32, 16  # channels, hidden units, length
net = nn.Sequential(nn.Conv1d(1, C, 3, padding=1), nn.BatchNorm1d(C), nn.ReLU(), nn.Flatten())  # harmless: any net
net.extend([nn.Linear(C * L, H), nn.LayerNorm(H), nn.ReLU(), nn.Linear(H, 2)]).to(device)  # harmless: any
x, y = torch.randn(64, 1, L, device=device), torch.randint(2, (64,), device=device)

matrices = [p for p in net.parameters() if p.ndim >= 2]
vectors = [p for p in net.parameters() if p.ndim < 2]  # biases and norms
groups = [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=1e-3)  # then 3e-4 and 3e-3, and on while it helps
for _ in range(50):
    loss = nn.functional.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0)  # log it: it shows steps that go wrong
    optimizer.step()
assert loss < 0.6 and norm < 0.8, "random labels are learned by heart, from the gradient of one step at a time"


# %% Parameter groups: weights decay, biases and norms do not
def decay_groups(net: nn.Module, weight_decay: float) -> list[dict]:
    # hole: decay-groups
    matrices = [p for p in net.parameters() if p.ndim >= 2]
    vectors = [p for p in net.parameters() if p.ndim < 2]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    # end


ones = copy.deepcopy(net)
for p in ones.parameters():
    nn.init.ones_(p)
    p.grad = torch.zeros_like(p)  # with zeros AdamW does nothing but decay: p *= 1 - lr * weight_decay
optimizer = AdamW(decay_groups(ones, 0.5), lr=0.1)
held = {p for group in optimizer.param_groups for p in group["params"]}
assert held == set(ones.parameters()) and len(held) == 10, "a spared parameter still has to be trained"
assert net[0].weight.std() > 0, "the net itself is as trained"
optimizer.step()
for layer in ones:
    for name, p in layer.named_parameters():
        spared = name == "bias" or isinstance(layer, (nn.BatchNorm1d, nn.LayerNorm))
        assert abs(p.mean().item() - (1.0 if spared else 0.95)) < 1e-5, f"{name} of {layer}: only weights shall decay"
print(f"{sum(p.mean().item() < 0.99 for p in held)} of {len(held)} parameters decay")

for to_none in (False, True):
    before = ones[0].weight.detach().clone()
    optimizer.zero_grad(set_to_none=to_none)
    assert (ones[0].weight.grad is None) == to_none, "only None gives the memory back"
    optimizer.step()  # nothing was backpropagated in between
    assert torch.equal(ones[0].weight, before) == to_none, "None stops the decay too, zeros do not"

# %% foreach and fused: the same update, only called differently
ended = {"start": nn.utils.parameters_to_vector(net.parameters()).detach()}
for mode, options in {"loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}.items():
    twin = copy.deepcopy(net)
    optimizer = AdamW(decay_groups(twin, 0.1), lr=0.01, **options)
    assert mode in ("loop", *(flag for flag in options if optimizer.defaults[flag])), "the mode that is named"
    torch.manual_seed(1)  # the same made-up gradients in each mode
    for _ in range(20):
        for p in twin.parameters():
            p.grad = torch.randn_like(p)
        optimizer.step()
    ended[mode] = nn.utils.parameters_to_vector(twin.parameters()).detach()
    torch.testing.assert_close(ended[mode], ended["loop"], rtol=1e-4, atol=1e-5)
    moved = nn.functional.l1_loss(ended[mode], ended["start"]).item()  # harmless: symmetric
    print(f"{mode:8} moved a parameter by {moved:.4f} on average")
    assert moved > 0.01, "they agree because they took the same steps, not because they stood still"

# %% State: what an optimizer keeps for a bfloat16 weight of M x N numbers
M, N, MN = 64, 128, 64 * 128
table = [(SGD, {}, []), (SGD, {"momentum": 0.9}, [MN]), (Muon, {}, [MN]), (Adagrad, {}, [MN]), (RMSprop, {}, [MN])]
table += [(Adam, {}, [MN] * 2), (AdamW, {}, [MN] * 2), (AdamW, {"amsgrad": True}, [MN] * 3), (Adafactor, {}, [M, N])]
assert len(table) == 9, "nine ways to keep nothing, or up to three tensors"
for kind, options, numbers in table:
    weight = nn.Parameter(torch.ones(M, N, device=device, dtype=torch.bfloat16))
    weight.grad = torch.ones_like(weight)  # harmless: any gradient does
    optimizer = kind([weight], lr=1e-3, **options)
    assert bool(optimizer.state) == (kind is Adagrad), "state appears at the first step (Adagrad's at once)"
    optimizer.step()
    kept = optimizer.state[weight].values()
    held = [v.nbytes for v in kept if torch.is_tensor(v) and v.ndim > 0]  # harmless: no step count
    print(f"{kind.__name__:9} {options or ''!s:18} {len(held)} tensors {sum(held):6} bytes")
    assert held == [2 * n for n in numbers], "two moments for Adam, a row and a column for Adafactor"


# %% The best of a sweep: a loss that is not finite is the worst, and a best rate at an end calls for more rates
def choose(rates: list[float], losses: torch.Tensor) -> tuple[float, bool]:
    # hole: best-rate
    best = losses.nan_to_num(torch.inf).argmin().item()
    return rates[best], best in (0, len(rates) - 1)
    # end


inf, nan = float("inf"), float("nan")
cases = {(5, 2, nan): (0.1, False), (5, 4, 3): (1.0, True), (nan, 3, inf): (0.1, False), (1, 2, nan): (0.01, True)}
for losses, expected in cases.items():
    assert choose([0.01, 0.1, 1.0], torch.tensor(losses, device=device)) == expected, (losses, expected)

# %% Sweep: one group a learning rate, so that a whole row of the table trains at once
D, RATES = 16, [0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
KINDS = {"SGD": SGD, "momentum": lambda groups: SGD(groups, momentum=0.9), "Adam": Adam}
plain = torch.logspace(0, -1.6, D, device=device).diag() * D**0.5  # harmless: features up to 40 times smaller
mirror = torch.eye(D, device=device) - 2 / D  # (D, D), orthogonal: a reflection that mixes all axes
inputs = {"plain": plain, "mirrored": plain @ mirror}  # the same data, seen in other coordinates


def sweep(x: torch.Tensor, kind, rates: list[float]) -> torch.Tensor:
    weights = [nn.Parameter(torch.zeros(D, device=device)) for _ in rates]
    optimizer = kind([{"params": [w], "lr": lr} for w, lr in zip(weights, rates, strict=True)])
    curves = []
    for _ in range(101):
        losses = (x @ torch.stack(weights, 1) - 1).square().mean(0)  # harmless: (rates,), targets of 1, or of -1
        curves.append(losses.detach())
        optimizer.zero_grad()
        losses.sum().backward()
        optimizer.step()
    assert (curves[0] == 1).all() and not curves[0].requires_grad, "weights of zero forecast 0 for a target of 1"
    return torch.stack(curves).nan_to_num(torch.inf, torch.inf)  # (101, rates), the loss after 0 to 100 steps


for step, loss in list(enumerate(sweep(plain, Adam, RATES).amin(1).tolist()))[::20]:
    print(f"step={step} loss={loss:.5f}")
final, best = {}, {}
print(f"{'lr':18}", *(f"{lr:7}" for lr in RATES), " refined")
for data, x in inputs.items():
    for name, kind in KINDS.items():
        final[data, name] = row = sweep(x, kind, RATES)[-1]  # harmless: (rates,), after the last step or nearly
        rate, _ = choose(RATES, row)  # none of the six stands at an end
        near = [rate * 3 ** (k / 5) for k in range(-4, 5)]  # a finer grid round the best rate
        assert rate in near
        best[data, name] = sweep(x, kind, near)[-1].min().item()  # harmless: or nearly the last
        print(f"{data:9}{name:9}", *(f"{loss:7.0e}" for loss in [*row.tolist(), best[data, name]]))
assert best["plain", "momentum"] < final["plain", "momentum"].min() / 3, "the coarse grid alone wrongs momentum"
assert best["plain", "Adam"] < best["plain", "momentum"] / 5, "Adam wins where each axis has a scale of its own"
assert best["mirrored", "momentum"] < best["mirrored", "Adam"] / 5, "mirrored by an orthogonal matrix, momentum wins"
assert best["mirrored", "Adam"] < final["mirrored", "momentum"][0] / 4, "yet tuned Adam beats momentum left at lr=0.01"
torch.testing.assert_close(final["mirrored", "SGD"], final["plain", "SGD"], rtol=1e-2, atol=1e-5)
torch.testing.assert_close(final["mirrored", "momentum"], final["plain", "momentum"], rtol=1e-2, atol=1e-5)
