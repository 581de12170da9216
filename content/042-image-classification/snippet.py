# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A training script from data to confusion matrix, and what to look at, in which order, when it does not learn."""

import copy
import math
import os

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
LIT = "abcdef bc abged abgcd fgbc afgcd afgedc abc abcdefg abcdfg".split()  # segments of the digits 0 to 9
PLACES = {"a": (0, slice(1, 6)), "g": (4, slice(1, 6)), "d": (8, slice(1, 6)), "f": (slice(1, 4), 0),
          "b": (slice(1, 4), 6), "e": (slice(5, 8), 0), "c": (slice(5, 8), 6)}  # fmt: skip


def draw(count: int) -> TensorDataset:
    """Noisy digits, 9x7 pixels at a random place within 16x16, and their labels: (count, 1, 16, 16) and (count,)."""
    labels, images = torch.randint(10, (count,)), 0.4 * torch.randn(count, 1, 16, 16)
    for image, label, (top, left) in zip(images, labels, torch.randint(2, 5, (count, 2)), strict=True):
        for name in LIT[label]:
            image[0, top:, left:][PLACES[name]] += 1.5
    return TensorDataset(images, labels)


def convnet(drop: float = 0.2) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(drop), nn.Linear(32 * 4 * 4, 10))  # fmt: skip


# %% In short
def train(net: nn.Module, loader: DataLoader, held: DataLoader, epochs: int, lr: float = 3e-3) -> dict:
    optimizer, best, history = torch.optim.AdamW(net.parameters(), lr=lr), {}, []
    for epoch in range(epochs):
        net.train()
        for x, y in loader:
            x, y = x.to(device), y.to(device)  # harmless: on a CPU they are there already
            loss = F.cross_entropy(net(x), y)  # logits (N, C), class numbers (N,) of type int64
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        history.append(evaluate(net, held)["accuracy"])
        print(f"epoch={epoch} loss={loss.item():.3f} accuracy={history[-1]:.3f}")
        if history[-1] == max(history):
            best = {"epoch": epoch, "state": copy.deepcopy(net.state_dict()), "history": history}
    return best  # net.load_state_dict(best["state"]), torch.save(best["state"], "best.pt")


# %% Evaluation: the mean over samples, in evaluation mode, without a graph
def evaluate(net: nn.Module, loader: DataLoader) -> dict:
    # hole: evaluate
    net.eval()
    with torch.inference_mode():
        batches = [(net(x.to(device)), y.to(device)) for x, y in loader]
    logits, target = (torch.cat(part) for part in zip(*batches, strict=True))
    loss, accuracy = F.cross_entropy(logits, target).item(), (logits.argmax(1) == target).float().mean().item()
    # end
    return {"loss": loss, "accuracy": accuracy}


def confusion(guess: torch.Tensor, target: torch.Tensor, classes: int) -> torch.Tensor:
    # hole: confusion
    matrix = torch.bincount(target * classes + guess, minlength=classes**2).view(classes, classes)
    # end
    return matrix  # (C, C): row = truth, column = guess


train_set, val_set, test_set = draw(1500), draw(300), draw(700)
learn = DataLoader(train_set, batch_size=64, shuffle=True)  # 1500 = 23 * 64 + 28 # harmless: already in random order
val, test = DataLoader(val_set, batch_size=128), DataLoader(test_set, batch_size=128)  # 700 = 5 * 128 + 60
assert len(torch.cat([one.dataset.tensors[0] for one in (learn, val, test)]).unique(dim=0)) == 2500, "no image twice"
assert torch.stack((train_set.tensors[0].mean((0, 1)) > 0.1).nonzero().aminmax(dim=0)).tolist() == [[2, 2], [12, 10]]
net = convnet().to(device)
start = evaluate(net, val)["loss"]
best = train(net, learn, val, epochs=6)
net.load_state_dict(best["state"])
result = evaluate(net, test)
print(f"loss {start:.2f} before training; accuracy on {len(test_set)} new digits {result['accuracy']:.3f}")
assert result["accuracy"] > 0.95 and evaluate(net, learn)["accuracy"] > 0.97, "on training data: see 5"
assert evaluate(net, val)["accuracy"] == max(best["history"]), "the best state of all epochs is back"
assert net[1].num_batches_tracked == net[5].num_batches_tracked == 24 * (best["epoch"] + 1), "those of training alone"

# %% The evaluation is that of the whole set, whatever the batches
probe, ones = nn.Sequential(nn.Linear(1, 2, bias=False), nn.Dropout(0.5)).to(device), torch.ones(64, 1, device=device)
probe[0].weight.data = torch.tensor([[math.log(3)], [0.0]], device=device)  # input 1: 3 to 1 for class 0; input 0: even
probe.register_forward_hook(lambda module, *_: calls.append((module.training, torch.is_grad_enabled())))
five = TensorDataset(torch.tensor([1.0, 1, 1, 1, 0])[:, None], torch.tensor([0, 0, 0, 0, 1]))
by_hand, calls = (4 * math.log(4 / 3) + math.log(2)) / 5, []
for size in (2, 4, 5):
    assert len(probe.train()(ones)[:, 0].unique()) == 2, "in train mode, dropout makes some of them 0"
    told = evaluate(probe, DataLoader(five, batch_size=size))
    torch.testing.assert_close(told, {"loss": by_hand, "accuracy": 0.8}, rtol=1e-5, atol=0)
    assert not probe.training and {type(each) for each in told.values()} == {float}
    assert set(calls) == {(True, True), (False, False)}, "evaluated in eval mode and without a graph"

# %% Confusion matrix and top-k
x, y = (tensor.to(device) for tensor in test_set.tensors)
logits = torch.inference_mode()(net)(x)
matrix = confusion(logits.argmax(1), y, 10)
assert abs(matrix.trace().item() / 700 - result["accuracy"]) < 1e-6 and torch.equal(matrix.sum(1), y.bincount())
case = confusion(torch.tensor([0, 2, 2]), torch.tensor([0, 2, 0]), 4)
assert case.tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]] and case.dtype == torch.int64
top = [(logits.topk(k).indices == y[:, None]).any(1).float().mean().item() for k in (1, 2, 10)]
assert abs(top[0] - result["accuracy"]) < 1e-6 and top[0] <= top[1] <= top[2] == 1

# %% Modes: what eval() and inference_mode() change
assert [net[:k](x).min() < 0 for k in (2, 3, 6, 7)] == [True, False, True, False], "a ReLU after each norm"
company = [torch.cat([part, 5 + torch.randn(60, 1, 16, 16, device=device)]) for part in x.split(20)]  # 60 bright images
answer = torch.no_grad()(lambda mode: torch.cat([net.train(mode)(batch)[:20].argmax(1) for batch in company]))
modes = [(answer(mode) == y).float().mean().item() for mode in (False, True)]
print(f"digits among bright images: {modes[0]:.3f} right in eval mode, {modes[1]:.3f} in train mode")
assert math.isclose(modes[0], result["accuracy"], abs_tol=0.01) and modes[1] < modes[0] - 0.2
assert not torch.equal(net[1].running_mean, best["state"]["1.running_mean"]), "train mode moves what eval mode uses"
assert net(x[:8]).requires_grad and not logits.requires_grad and logits.is_inference()
assert torch.equal(net.eval()(x[:8]), net(x[:8])) and not torch.equal(net.train()(x[:8]), net(x[:8]))

# %% When it does not learn, 1: the loss at the start is about ln C
loud = convnet().to(device)
loud[-1].weight.data *= 100
far = evaluate(loud, val)["loss"]
print(f"ln 10 = {math.log(10):.2f}; last layer 100 times too large: loss {far:.0f}")
assert abs(start - math.log(10)) < 0.3 and far > 10


# %% 2: one batch can be learnt by heart, unless there is a mistake
def one_batch(mistake: str = "", lr: float = 3e-3) -> tuple[nn.Module, list[float]]:
    torch.manual_seed(1)
    net, another = convnet(0).to(device), convnet(0).to(device)
    x, y = (tensor[:32].to(device) for tensor in train_set.tensors)  # harmless: any 32 will do
    optimizer, losses = torch.optim.AdamW((another if mistake == "another net" else net).parameters(), lr=lr), []
    for _ in range(60):
        logits = net(x).softmax(1) if mistake == "softmax" else net(x)
        loss = F.cross_entropy(logits, y[torch.randperm(32, device=device)] if mistake == "labels" else y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return net, losses


by_heart, apart, unmoved, twice = (one_batch(mistake)[1] for mistake in ("", "labels", "another net", "softmax"))
print(f"one batch, 60 steps: loss {by_heart[0]:.2f} to {by_heart[-1]:.3f}; labels shuffled apart: {apart[-1]:.2f}")
print(f"parameters of another net in the optimizer: {unmoved[-1]:.2f}; softmax before the loss: {twice[-1]:.2f}")
assert by_heart[-1] < 0.02 and min(apart) > 1.5 and max(unmoved) - min(unmoved) < 1e-4
least = F.cross_entropy(torch.eye(10), torch.arange(10)).item()  # probabilities of 1 and 0, taken for logits
assert math.isclose(least, math.log(math.e + 9) - 1, abs_tol=1e-6) and least < min(twice) < 1.8

# %% 3: one class for every input, after far too large a rate
answers = [one_batch(lr=lr)[0].eval()(x).argmax(1).bincount() for lr in (3.0, 0.003)]
print(f"classes ever answered at a rate of 3: {(answers[0] > 0).sum()}, of 0.003: {(answers[1] > 0).sum()}")
assert answers[0].max() > 0.95 * 700 and answers[1].max() < 0.5 * 700

# %% 4: nan, by a rate, by log and division, by 16 bits
w, rates, zero = (torch.tensor(each, device=device) for each in ([1.0, 1.0], [0.33, 0.11], [0.0, 0.0, 0.0]))
for _ in range(200):  # a squared error, for which rates below 1/9 work
    w = w - rates * torch.func.grad(lambda w: ((3 * w) ** 2).sum())(w)
assert w[0].isnan() and 1e-3 < w[1].abs() < 0.1, "at 0.33 first inf, then inf - inf"
assert (zero * zero.log()).isnan().all() and (zero / zero.sum()).isnan().all()
root, norm, cure = lambda t: (t @ t).sqrt(), torch.Tensor.norm, lambda t: (t @ t + 1e-12).sqrt()
slopes = [torch.func.grad(f)(zero) for f in (root, norm, cure)]  # inf times 0; torch has defined that of its norm as 0
assert slopes[0].isnan().all() and not slopes[1].any() and not slopes[2].any() and cure(zero) > 1e-7
assert torch.tensor(70000.0).half().isinf() and (torch.tensor(70000.0).half() * 0).isnan()
