# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Save state dicts, not objects; a run resumes bit for bit when all that changes in training is in the file."""

import os
import pickle
import tempfile
import unittest

import torch
from torch import nn

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, D, H, C, B, STEPS, STOP = 96, 8, 32, 3, 16, 30, 15  # samples, features, hidden, classes, batch, steps, cut
folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
path, trap, mark = (f"{folder.name}/{name}" for name in ("run.pt", "trap.pt", "mark"))
x = torch.randn(N, D, device=device)
y = (x @ torch.randn(D, C, device=device)).argmax(1)  # (N,)


def build(classes: int = C) -> nn.Module:
    return nn.Sequential(nn.Linear(D, H), nn.BatchNorm1d(H), nn.ReLU(), nn.Dropout(0.5), nn.Linear(H, classes))


# %% A run: what changes from step to step are its attributes and the state of torch's generators
class Run:
    def __init__(self):
        self.net = build().to(device)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=STEPS)
        self.step, self.order = 0, torch.arange(N)

    def train(self, until: int, note: str) -> torch.Tensor:
        while self.step < until:
            if self.step * B % N == 0:
                self.order = torch.randperm(N)  # a new epoch
            batch = self.order[self.step * B % N :][:B].to(device)
            loss = nn.functional.cross_entropy(self.net(x[batch]), y[batch])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            self.step += 1
        print(f"step={self.step} loss={loss.item():.4f} {note}")
        return torch.cat([value.flatten() for value in self.net.state_dict().values()])  # weights and buffers

    def checkpoint(self) -> dict:
        return {
            "model": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "step": self.step,
            "order": self.order,
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        }

    def restore(self, saved: dict):
        # hole: restore-a-run
        self.net.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scheduler.load_state_dict(saved["scheduler"])
        self.step, self.order = saved["step"], saved["order"]
        torch.set_rng_state(saved["rng"])
        # end
        assert {*self.optimizer.param_groups[0]["params"]} == {*self.net.parameters()}, "not the net's own parameters"
        if saved["cuda_rng"] is not None:
            torch.cuda.set_rng_state(saved["cuda_rng"], device)
        return self


# %% Continued from the file, the run ends in the same bits as one that was never cut
torch.manual_seed(1)
whole = Run().train(STEPS, "never cut")
torch.manual_seed(1)
cut = Run()
cut.train(STOP, "cut here")  # 2.5 epochs of 6 batches
torch.save(cut.checkpoint(), path)
torch.manual_seed(2)
fresh = Run().checkpoint()  # what a new process starts with


def resume(note: str, **afresh) -> torch.Tensor:
    saved = torch.load(path, map_location="cpu")  # load_state_dict copies to the device; generators need CPU tensors
    return Run().restore(saved | afresh).train(STEPS, note)


assert torch.equal(resume("resumed"), whole), "the resumed run must end in the same bits"
for part in (part for part in fresh if fresh[part] is not None):
    assert not torch.equal(resume(f"without {part}", **{part: fresh[part]}), whole), f"{part} is needed"


# %% Loading executes nothing: weights_only=True, the default, stops at what is neither tensor nor plain value
class Trap:
    def __reduce__(self):
        return os.mkdir, (mark,)  # whoever unpickles the object makes this call; it could be any other


torch.save(Trap(), trap)
with unittest.TestCase().assertRaises(pickle.UnpicklingError):
    torch.load(trap)
assert not os.path.exists(mark), "the file was refused before anything in it ran"
torch.load(trap, weights_only=False)
assert os.path.exists(mark), "without the guard the file has run its code"

# %% Names decide: under strict=False a wrapper's prefix means that nothing is loaded, and no error says so
tensors = torch.load(path, map_location="cpu", mmap=True)["model"]
wrapped = {f"module._orig_mod.{name}": value for name, value in tensors.items()}  # as under DataParallel, torch.compile
report = build().load_state_dict(wrapped, strict=False)
assert report.unexpected_keys == list(wrapped) and set(report.missing_keys) >= set(dict(build().named_parameters()))
bare = {name.removeprefix("module.").removeprefix("_orig_mod."): value for name, value in wrapped.items()}
assert str(build().load_state_dict(bare)) == "<All keys matched successfully>"
body = {name: value for name, value in bare.items() if not name.startswith("4.")}  # the new head has another size
assert build(classes=7).load_state_dict(body, strict=False) == (["4.weight", "4.bias"], []), "missing, unexpected"

# %% mmap and assign: a net without memory takes the file's own tensors; the mode is not among them
with torch.device("meta"):
    net = build()
net.load_state_dict(tensors, assign=True)
assert net[0].weight.data_ptr() == tensors["0.weight"].data_ptr(), "assign=True makes no copy"
assert net.to(device).training, "the mode is not in the file: a new net trains until eval() is called"
with torch.no_grad():
    torch.testing.assert_close(net.eval()(x), cut.net.eval()(x))
    assert not torch.equal(net.train()(x), net(x)), "a forgotten eval() leaves dropout on"
folder.cleanup()
