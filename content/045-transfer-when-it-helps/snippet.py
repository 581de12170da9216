# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Transfer helps most where labels are few and the source is near; a far source can be worse than none."""

import math
import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))


# %% In short
def groups_for(body: nn.Module, head: nn.Module, lr: float) -> list[dict]:
    return [
        {"params": body.parameters(), "lr": lr / 10},  # pretrained: a tenth of the rate
        {"params": head.parameters(), "lr": lr},  # new: starts from noise, so the whole rate
    ]


body, head = nn.Sequential(nn.Linear(8, 16), nn.ReLU()), nn.Linear(16, 2)  # harmless: any body
optimizer = torch.optim.AdamW(groups_for(body, head, lr=1e-3))
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=100)  # each group from its own rate

assert [group["lr"] for group in optimizer.param_groups] == [1e-4, 1e-3]
assert optimizer.param_groups[0]["params"] == [*body.parameters()] and len(optimizer.param_groups[1]["params"]) == 2
for _ in range(50):
    optimizer.step()  # harmless: a scheduler is stepped after it
    scheduler.step()
torch.testing.assert_close(torch.tensor(scheduler.get_last_lr()), torch.tensor([0.5e-4, 0.5e-3]))


# %% A rate for every layer
def layer_groups(layers: list[nn.Module], lr: float, decay: float) -> list[dict]:
    # hole: layer-groups
    rates = [lr * decay**above for above in reversed(range(len(layers)))]  # harmless: zip finds equal lengths
    trained = [[p for p in layer.parameters() if p.requires_grad] for layer in layers]
    return [{"params": params, "lr": rate} for params, rate in zip(trained, rates, strict=True)]
    # end


stack = [nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3, bias=False)]
stack[0].bias.requires_grad_(False)
made = layer_groups(stack, lr=0.08, decay=0.5)
torch.testing.assert_close([group["lr"] for group in made], [0.02, 0.04, 0.08])
listed = [[id(p) for p in group["params"]] for group in made]
assert len(listed[1]) == 2 and listed == [
    [id(stack[0].weight)],
    [id(p) for p in stack[1].parameters()],
    [id(stack[2].weight)],
]
assert [group["lr"] for group in torch.optim.SGD(layer_groups(stack[:1], 0.3, 0.1)).param_groups] == [0.3]

# %% Tasks that see some directions of the input: 4 of 30
torch.set_default_dtype(torch.float64)  # harmless: so that the number of threads does not show in the figures
SEEDS, D, WIDTH = 3, 30, 48  # everything below runs for three seeds side by side
rotation = torch.linalg.qr(torch.randn(SEEDS, D, D, device=device)).Q
seen, other = rotation[..., :4], rotation[..., 4:8]  # (SEEDS, D, 4), orthogonal to each other


def draw(n: int, directions: torch.Tensor, is_source: bool) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(SEEDS, n, D, device=device)
    a, b, c, d = (x @ directions).unbind(2)
    if is_source:
        return x, (a * b > 0).long() + 2 * (c * d > 0).long()  # harmless: the signs may be mirrored
    return x, (a * b + c * d > 0).long()  # harmless: here too


class Layer(nn.Module):  # a linear layer for each seed
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(SEEDS, inputs, outputs, device=device).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(SEEDS, 1, outputs, device=device))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


def new_net(classes: int) -> nn.Sequential:
    return nn.Sequential(Layer(D, WIDTH), nn.ReLU(), Layer(WIDTH, WIDTH), nn.ReLU(), Layer(WIDTH, classes))


def fit(net: nn.Sequential, x: torch.Tensor, y: torch.Tensor, steps: int, slow_body: bool = False) -> nn.Sequential:
    lr = 3e-3
    optimizer = torch.optim.Adam(groups_for(net[:4], net[4], lr) if slow_body else net.parameters(), lr=lr)
    for _ in range(steps):
        rows = torch.randint(x.shape[1], (96,), device=device)
        loss = F.cross_entropy(net(x[:, rows]).flatten(0, 1), y[:, rows].flatten())
        optimizer.zero_grad()
        (SEEDS * loss).backward()  # each seed gets the gradient of its own mean
        optimizer.step()
    return net


@torch.no_grad()
def accuracy(net: nn.Sequential, x: torch.Tensor, y: torch.Tensor) -> float:
    return (net(x).argmax(2) == y).double().mean().item()


sources, learned = {}, []
for degrees in (0, 45, 90):  # between the directions of the source and those of the target
    turned = math.cos(math.radians(degrees)) * seen + math.sin(math.radians(degrees)) * other  # harmless: either way
    x, y = draw(4000, turned, is_source=True)
    assert y.unique().tolist() == [0, 1, 2, 3]
    sources[degrees] = fit(new_net(4), x, y, steps=300)
    learned.append(accuracy(sources[degrees], *draw(2000, turned, is_source=True)))
assert min(learned) > 0.8 and max(learned) - min(learned) < 0.06, "all three sources are learned equally well"

# %% Gain over a fresh net, by labels and distance
test = draw(2000, seen, is_source=False)
train = {n: draw(n, seen, is_source=False) for n in (100, 500, 4000)}
assert not any(torch.equal(x[:, :100], test[0][:, :100]) for x, _ in train.values()), "fresh rows in the test"


def carried(degrees: int, fresh: int | None = None) -> nn.Sequential:
    net = new_net(2)
    net[:4].load_state_dict(sources[degrees][:4].state_dict())  # all but the head
    if fresh is not None:
        net[fresh] = new_net(2)[fresh]
    return net


def score(net: nn.Sequential, n: int, steps: int = 150, slow_body: bool = False) -> float:
    return accuracy(fit(net, *train[n], steps, slow_body), *test)


scratch = {n: score(new_net(2), n) for n in train}
gain = {(n, degrees): score(carried(degrees), n) - scratch[n] for n in train for degrees in sources}
for n in train:
    row = "  ".join(f"{degrees}°: {gain[n, degrees]:+.2f}" for degrees in sources)
    print(f"{n:>4} labels  fresh net {scratch[n]:.2f}  gain of a source at {row}")
assert gain[100, 0] > 0.2 and gain[500, 0] > 0.1 and gain[100, 0] > gain[500, 0] > gain[4000, 0]
assert gain[500, 0] > gain[500, 45] > gain[500, 90] and gain[4000, 90] < -0.1, "near helps, far harms"
early = score(carried(0), 4000, steps=50)
print(f"0°, 4000 labels, 50 steps in place of 150: {early:.2f}")
assert early > scratch[4000], "a near source saves steps where it hardly gains accuracy"

# %% Where the gain and the harm sit; how long the harm lasts
for layer in (0, 2):
    near, far = (score(carried(degrees, fresh=layer), n) for degrees, n in ((0, 500), (90, 4000)))
    print(f"with a fresh layer {layer // 2 + 1}: 0°, 500 labels {near:.2f}; 90°, 4000 labels {far:.2f}")
    if layer == 0:
        assert abs(near - scratch[500]) < 0.1 and abs(far - scratch[4000]) < 0.1, "neither gain nor harm without it"
assert near > scratch[500] + gain[500, 0] - 0.05 and far < scratch[4000] - 0.05, "with it alone, both"
later, fresh_later = score(carried(90), 4000, steps=480), score(new_net(2), 4000, steps=480)
print(f"90°, 4000 labels, 480 steps in place of 150: {later:.2f}, fresh net {fresh_later:.2f}")
assert later > fresh_later - 0.08 > scratch[4000] + gain[4000, 90], "what the far source cost is mostly time"

# %% A tenth of the rate for the body, or none
slow = {(degrees, n): score(carried(degrees), n, slow_body=True) for degrees, n in ((0, 100), (0, 4000), (45, 4000))}
for (degrees, n), value in slow.items():
    print(f"{degrees}°, {n} labels: one rate {scratch[n] + gain[n, degrees]:.2f}, body at a tenth {value:.2f}")
assert slow[0, 100] > scratch[100] + gain[100, 0] + 0.03, "near, few labels: what was learned is kept"
assert abs(slow[0, 4000] - scratch[4000] - gain[4000, 0]) < 0.03, "near, many labels: all the same"
assert slow[45, 4000] < scratch[4000] + gain[4000, 45] - 0.1, "far, many labels: what is wrong is kept too"
net = carried(0)
net[:4].requires_grad_(False)
frozen = score(net, 100)
net.requires_grad_(True)
thawed = score(net, 100)
print(f"0°, 100 labels: body frozen {frozen:.2f}; then all at one rate, with the head trained before {thawed:.2f}")
assert frozen > slow[0, 100] - 0.02 and thawed < frozen - 0.03, "the labels lead a free body astray, not the new head"
