# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""LoRA adds a small product to a frozen layer: it can be merged, saved alone, and switched off to forget nothing."""

import copy
import io
import os
from unittest import TestCase

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(os.environ.get("KB_DEVICE"))  # harmless: None, so the CPU; naming it slows each call
close = torch.testing.assert_close


# %% In short
class LoRALinear(nn.Module):
    def __init__(self, base, rank=8, alpha=16):
        super().__init__()
        self.base, self.scale = base.requires_grad_(False), alpha / rank
        self.lora_A = nn.Parameter(base.weight.new_empty(rank, base.in_features).normal_(std=base.in_features**-0.5))
        self.lora_B = nn.Parameter(base.weight.new_zeros(base.out_features, rank))  # 0: nothing is added at first

    def forward(self, x):  # (..., in) -> (..., out)
        # hole: lora-forward
        return self.base(x) + self.scale * (x @ self.lora_A.T) @ self.lora_B.T
        # end

    @torch.no_grad()
    def merged(self):
        # hole: merge
        layer = copy.deepcopy(self.base)
        layer.weight += self.scale * self.lora_B @ self.lora_A  # (out, in)
        return layer
        # end


def add_lora(net, endings, rank=8, alpha=16):  # endings of the layers' names, as ("q_proj", "v_proj")
    net.requires_grad_(False)  # before the new tensors come
    for name, layer in list(net.named_modules()):
        if isinstance(layer, nn.Linear) and name.endswith(endings):
            net.set_submodule(name, LoRALinear(layer, rank, alpha))
    return net


def trained(net):  # what to save: LoRA's tensors, and a new head where there is one
    return {name: p.detach() for name, p in net.named_parameters() if p.requires_grad}


def load_trained(net, state):  # into a net that was built in the same way
    keys = net.load_state_dict(state, strict=False)  # the base's weights are missing in the file
    if keys.unexpected_keys or trained(net).keys() & set(keys.missing_keys):
        raise KeyError(f"other names: {keys.unexpected_keys}")


def merge_lora(net):
    for name, layer in list(net.named_modules()):
        if isinstance(layer, LoRALinear):
            net.set_submodule(name, layer.merged())
    return net


# %% LoRA on a layer: unchanged at first, few parameters, merged exactly
for base in (nn.Linear(40, 40, dtype=torch.float64), nn.Linear(40, 40, bias=False)):  # harmless: one case less
    layer, x = LoRALinear(base, rank=4, alpha=8), torch.randn(5, 3, 40, dtype=base.weight.dtype, requires_grad=True)
    assert torch.equal(layer(x), base(x)), "B is 0: the same output to the bit"
    layer(x).sum().backward()  # harmless: any number
    assert [t.grad is not None and t.grad.any() for t in (x, base.weight, layer.lora_A, layer.lora_B)] == [1, 0, 0, 1]
    assert sum(p.numel() for p in trained(layer).values()) == 4 * (40 + 40) and 0.1 < layer.lora_A.std() < 0.2
    assert layer.lora_B.data.normal_().any(), "from here on it adds something"
    before, W = copy.deepcopy(base.state_dict()), base.weight + 8 / 4 * layer.lora_B @ layer.lora_A  # harmless: no copy
    outs, own = (layer(x[0, 0]), F.linear(x[0, 0], W, base.bias)), (layer.lora_A, layer.lora_B)
    close(*((out, *torch.autograd.grad(out.norm(), own, materialize_grads=True)) for out in outs))
    for plain in (layer.merged(), layer.merged()):  # twice: the base does not add it up
        assert type(plain) is nn.Linear and plain.state_dict().keys() == before.keys() and plain.weight.dtype == x.dtype
        close((plain.weight, plain(x)), (W, layer(x)))
        plain.load_state_dict({name: 0 * p for name, p in before.items()})  # harmless: nothing is shared
    close(base.state_dict(), before, rtol=0, atol=0, msg="the base stays as it was")

# %% Saved alone, loaded into another copy of the base, merged
fresh = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))  # harmless: any
net, other = (add_lora(copy.deepcopy(fresh), ("0", "1", "2")) for _ in "ab")  # 1 is no nn.Linear
assert list(trained(net)) == ["0.lora_A", "0.lora_B", "2.lora_A", "2.lora_B"] and net[0].lora_A.shape == (8, 20)
load_trained(net, {name: 0.1 * torch.randn_like(p) for name, p in trained(net).items()})
torch.save(trained(net), file := io.BytesIO())  # a path, outside of this script
state, x = torch.load(io.BytesIO(file.getvalue()), device), torch.randn(6, 20)
load_trained(other, state)
assert torch.equal(other(x), net(x)) and not torch.allclose(net(x), fresh(x)) and not state["0.lora_A"].requires_grad
assert list(merge_lora(other).state_dict()) == list(fresh.state_dict()) and torch.allclose(other(x), net(x), 1e-3, 1e-4)
for wrong in ({f"model.{name}": p for name, p in state.items()}, dict(list(state.items())[1:])):  # harmless: checks
    TestCase().assertRaises(KeyError, load_trained, net, wrong)  # strict=False alone is silent  # harmless: a check


# %% Preferences: DPO, from the log-probabilities of whole answers
def preference_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):  # (N,) each
    # hole: preference-loss
    margin = (policy_chosen - reference_chosen) - (policy_rejected - reference_rejected)  # (N,)
    return -F.logsigmoid(beta * margin).mean()
    # end


logs = torch.tensor([[-3.0, -9, -1], [-5, -7, -2], [-4, -8, -1], [-4.5, -8, -2]])  # margins 1.5 and -2; the start: 0
close(preference_loss(*logs, beta=0.5), ((1 + torch.tensor([-0.75, 1, 0]).exp()).log()).mean())
far = torch.tensor([[-5000.0, -10], [-10, -5000]]).requires_grad_()  # one pair far on the wrong side, one on the right
loss = preference_loss(*far, *torch.zeros(2, 2), beta=2.0)  # the mean of 2 times 4990, and 0
close((loss, *torch.autograd.grad(loss, far)), (torch.tensor(4990.0), torch.tensor([[-1.0, 0], [1, 0]])))  # beta / N


# %% Layer-wise rates are parameter groups
def layer_groups(net, lr, factor):  # lr for the head, factor times that for the layer below it, and so on
    layers = [layer for layer in reversed(net) if list(layer.parameters())]
    return [{"params": layer.parameters(), "lr": lr * factor**k} for k, layer in enumerate(layers)]


assert [group["lr"] for group in layer_groups(fresh, 1.0, 0.5)] == [1.0, 0.5, 0.25]


# %% Forgetting: the same eight classes, but half of the inputs' axes are turned
def fit(net, groups, *data, steps=3000, goal=None, thaw=()):
    seen.update(tuple(row) for x, _ in data for row in x.tolist())
    optimizer = torch.optim.Adam(groups, fused=True)
    for step in range(1, steps + 1):
        if step in thaw:
            thaw[step].requires_grad_(True)  # it has gradients from now on, so the optimizer moves it
        picked = [torch.randint(len(x), (64,)) for x, _ in data]
        loss = sum(F.cross_entropy(net(x[rows]), y[rows]) for (x, y), rows in zip(data, picked, strict=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if goal and step % 10 == 0 and accuracy(net, *goal) >= 0.85:  # harmless: or more often
            break
    return step


def accuracy(net, x, y):
    return (net(x).argmax(1) == y).float().mean().item()


def draw(count, turned=True):
    cluster = torch.randint(32, (count,))  # four for each class
    x = torch.normal(centres[cluster], 0.6)
    return x @ turn if turned else x, cluster % 8


names = "not tuned, all layers, tenth of the rate, head fastest, first layer fastest, from the head down, mixed, LoRA"
ways = dict.fromkeys(names.split(", "), (3e-3, 1))  # the head's rate, and the factor from layer to layer
ways |= {"tenth of the rate": (3e-4, 1), "head fastest": (3e-3, 1 / 3), "first layer fastest": (3e-3 / 9, 3)}
found, kept = {}, {}
for _ in range(3):
    centres, turn, seen = torch.randn(32, 20), torch.eye(20), set()
    turn[:10, :10] = torch.linalg.qr(torch.randn(10, 10)).Q
    old, new, goal, *tests = draw(2000, turned=False), draw(400), draw(1000), draw(2000), draw(2000, turned=False)
    source = copy.deepcopy(fresh)  # harmless: any net
    fit(source, layer_groups(source, 1e-2, 1), old, steps=200)
    for way, (lr, factor) in ways.items():
        net, data = copy.deepcopy(source), [new, old] if way == "mixed" else [new]
        thaw = {1: net[4], 31: net[2], 61: net[0]} if way == "from the head down" else {}
        net = add_lora(net, ("0", "2", "4"), 4, 8) if way == "LoRA" else net.requires_grad_(not thaw)
        steps = 0 if way == "not tuned" else fit(net, layer_groups(net, lr, factor), *data, goal=goal, thaw=thaw)
        assert len(trained(net)) == 6, "three layers' weights and biases, or LoRA's A and B: all thawed in the end"
        found.setdefault(way, []).append((steps, *(accuracy(net, *test) for test in tests)))
    net[0].scale = net[2].scale = net[4].scale = 0.0  # LoRA, the last one, is switched off
    assert torch.equal(net(tests[1][0]), source(tests[1][0])), "the old net is still there, to the bit"
    assert len(seen) == 2400 and seen.isdisjoint(tuple(row) for x, _ in (goal, *tests) for row in x.tolist())
for way, rows in found.items():
    steps, on_new, kept[way] = torch.tensor(rows).mean(0).tolist()
    print(f"{way}: {steps:.0f} steps, new task {on_new:.1%}, old task {kept[way]:.1%}")
    assert on_new < 0.6 if way == "not tuned" else 0.8 < on_new < 0.9, "all are stopped at the same success"
start, full, tenth, head_first, first, down, mixed, lora = kept.values()
assert 0.02 < start - full < 2 * (start - tenth), "at a tenth of the rate: slower, and not without loss"
assert head_first < full - 0.02 and down < full - 0.01 and first > full - 0.01, "what has changed is at the input"
assert lora < full - 0.04 and mixed > full + 0.015, "LoRA forgets, too, while it is on; old rows help"
