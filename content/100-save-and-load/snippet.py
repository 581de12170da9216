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
weights, path, trap, mark = (f"{folder.name}/{name}" for name in ("weights.pt", "run.pt", "trap.pt", "mark"))
x = torch.randn(N, D, device=device)
y = (x @ torch.randn(D, C, device=device)).argmax(1)  # (N,)


def build(out: int = C) -> nn.Module:
    return nn.Sequential(nn.Linear(D, H), nn.BatchNorm1d(H), nn.ReLU(), nn.Dropout(0.5), nn.Linear(H, out))


net = trained = build().to(device)

# %% In short
torch.save(net.state_dict(), weights)  # names and tensors

net = build().to(device)  # later, in another program: the code that builds the net is not in the file
net.load_state_dict(torch.load(weights, map_location="cpu"))
net.eval()  # nor is the mode
assert net is not trained and torch.equal(net(x), trained.eval()(x)), "the same outputs, in the same mode"
assert not torch.equal(net.train()(x), net(x)), "a new net is in training mode: dropout draws a mask each time"


# %% A run: what changes from step to step are its attributes and the state of torch's generators
class Run:
    def __init__(self):
        self.net = build().to(device)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=STEPS)
        self.step, self.order = 0, torch.arange(0)  # order: the samples that this epoch has still to see

    def train(self, until: int, note: str) -> torch.Tensor:
        while self.step < until:
            if len(self.order) == 0:
                self.order = torch.randperm(N)  # a new epoch
            batch, self.order = self.order.split([B, len(self.order) - B])
            loss = nn.functional.cross_entropy(self.net(x[batch.to(device)]), y[batch.to(device)])
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
            "cuda_rng": torch.cuda.get_rng_state_all(),  # of every GPU; an empty list without one
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
        torch.cuda.set_rng_state_all(saved["cuda_rng"])  # harmless: no GPU here
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
saved = torch.load(path, map_location="cpu")
model, state, rate = saved["model"], saved["optimizer"], fresh["optimizer"]["param_groups"]
left_out = {part: {part: value} for part, value in fresh.items() if part != "cuda_rng" or value} | {  # harmless: less
    "momentum": {"optimizer": state | {"state": {}}},
    "rate": {"optimizer": state | {"param_groups": rate}},
    "statistics": {"model": model | {"1.running_mean": torch.zeros(H)}},
}
for part, afresh in left_out.items():
    assert not torch.equal(resume(f"without {part}", **afresh), whole), f"{part} is needed"


# %% Loading executes nothing: weights_only=True, the default, stops at what is neither tensor nor plain value
class Trap:
    def __reduce__(self):
        return os.mkdir, (mark,)  # whoever unpickles the object makes this call; it could be any other


refused = unittest.TestCase().assertRaisesRegex
torch.save(Trap(), trap)
with refused(pickle.UnpicklingError, "Weights only load failed"):
    torch.load(trap)
assert not os.path.exists(mark), "refused before anything in the file ran"
torch.load(trap, weights_only=False)
assert os.path.exists(mark), "without the guard the file has run its code"


# %% Names decide: under strict=False a wrapper's prefix means that nothing is loaded, and no error says so
def fitting(state: dict, net: nn.Module) -> dict:
    # hole: keep-what-fits
    own = net.state_dict()
    kept = {name: value for name, value in state.items() if name in own and value.shape == own[name].shape}
    # end
    return kept


wrapped = {f"module._orig_mod.{name}": value for name, value in model.items()}  # as under DataParallel, torch.compile
report = build().load_state_dict(wrapped, strict=False)
assert report.unexpected_keys == list(wrapped) and set(report.missing_keys) >= set(dict(build().named_parameters()))
bare = {name.removeprefix("module.").removeprefix("_orig_mod."): value for name, value in wrapped.items()}
assert str(build().load_state_dict(bare)) == "<All keys matched successfully>"
new = build(out=7)  # the new head has another size
with refused(RuntimeError, "size mismatch for 4.weight"):
    new.load_state_dict(bare, strict=False)
odd = {"0.bias": torch.ones(H, 1), "1.bias": torch.ones(H), "1.weight": torch.ones(1), "extra": torch.ones(H)}
assert {*fitting(odd, new)} == {"1.bias"} and len(odd) == 4, "by name and by shape"
assert new.load_state_dict(fitting(bare, new), strict=False) == (["4.weight", "4.bias"], []), "missing, unexpected"
assert torch.equal(fitting(bare, build(out=7))["0.weight"], model["0.weight"]), "with the saved values"
folder.cleanup()
