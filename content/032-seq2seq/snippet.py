# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""An encoder-decoder GRU learns from the target shifted by one place, and is judged on what it writes by itself."""

import os

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence as pack

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
PAD, BOS, EOS, FIRST, V = 0, 1, 2, 3, 9  # 6 letters: 3 to 8
S, T, LIMIT = 5, 6, 8  # longest source; longest target, with <eos>; what decoding may write at most
E, H, N = 32, 64, 128  # embedding, state, batch


# %% In short
def shift_right(target: torch.Tensor) -> torch.Tensor:  # (N, T) -> (N, T)
    # hole: shift-right
    return F.pad(target[:, :-1], (1, 0), value=BOS)
    # end


class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Embedding(V, E), nn.Linear(H, V)
        self.encoder = nn.GRU(E, H, batch_first=True)  # harmless: packed input has an order of its own
        self.decoder = nn.GRU(E, H, batch_first=True)

    def encode(self, source):  # (N, S) -> (1, N, H)
        lengths = (source != PAD).sum(dim=1).cpu()
        return self.encoder(pack(self.embed(source), lengths, batch_first=True, enforce_sorted=False))[1]

    def decode(self, tokens, h):  # (N, t), (1, N, H) -> logits (N, t, V), state (1, N, H)
        output, h = self.decoder(self.embed(tokens), h)
        return self.head(output), h

    def loss(self, source, fed, target):  # (N, S), (N, T), (N, T) -> a mean over the tokens that are not padding
        logits, _ = self.decode(fed, self.encode(source))  # (N, T, V)
        return F.cross_entropy(logits.mT, target, ignore_index=PAD)

    @torch.no_grad()
    def greedy(self, source):  # (N, S) -> (N, at most LIMIT)
        h, out = self.encode(source), []
        token = torch.full((len(source),), BOS, device=device)  # (N,), what is fed next
        done = torch.zeros_like(token, dtype=torch.bool)  # (N,), rows that have written <eos>
        while len(out) < LIMIT and not done.all():
            # hole: greedy-step
            logits, h = self.decode(token[:, None], h)  # (N, 1, V)
            token = logits[:, 0].argmax(dim=1).masked_fill(done, PAD)
            out.append(token)
            done = done | (token == EOS)
            # end
        return torch.stack(out, dim=1)


# %% The task: write the letters backwards, then <eos>
def sample(n: int) -> tuple[torch.Tensor, torch.Tensor]:  # (n, S), (n, T)
    length = torch.randint(2, S + 1, (n, 1), device=device)
    source = torch.randint(FIRST, V, (n, S), device=device).masked_fill(torch.arange(S, device=device) >= length, PAD)
    place = length - 1 - torch.arange(T, device=device)  # (n, T), where to read; -1 is <eos>, below that padding
    return source, source.gather(1, place.clamp(min=0)).masked_fill(place == -1, EOS).masked_fill(place < -1, PAD)


source, target = sample(6_000)
held = source.sum(dim=1) % 5 == 0  # a rule that no training sequence meets
unseen, wanted, source, target = source[held], target[held], source[~held], target[~held]
real, fed = wanted != PAD, shift_right(wanted)  # (M, T) each; real: places that count
assert fed.shape == wanted.shape and (fed[:, 0] == BOS).all(), "before the first letter only <bos> is known"
assert torch.equal(fed[:, 1:][real[:, 1:]], wanted[:, :-1][real[:, 1:]]), "step t is fed letter t - 1"


for letters, goal in zip(unseen[:50].tolist(), wanted[:50].tolist(), strict=True):
    backwards = [letter for letter in reversed(letters) if letter != PAD]
    assert goal == (backwards + [EOS] + S * [PAD])[:T], "the task is to reverse, not to copy"


# %% Training with teacher forcing; the unseen sequences scored both ways
def forced(model: Seq2Seq, fed: torch.Tensor) -> torch.Tensor:  # (M, T) each: fed what `fed` says, not what it wrote
    return model.decode(fed, model.encode(unseen))[0].argmax(dim=2).masked_fill(~real, PAD)


def score(guess: torch.Tensor) -> tuple[float, float]:  # share of tokens and of sequences that are right
    hit = F.pad(guess, (0, LIMIT - guess.shape[1])) == F.pad(wanted, (0, LIMIT - T))  # (M, LIMIT)
    return hit[:, :T][real].float().mean().item(), hit.all(dim=1).float().mean().item()


def train(model: Seq2Seq, name: str, feed, steps: int) -> list[tuple[float, float, float, float]]:
    optimizer, history = torch.optim.Adam(model.parameters()), []
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.015, total_steps=200)
    for step in range(1, steps + 1):
        rows = torch.randint(len(source), (N,), device=device)
        assert (source[rows].sum(dim=1) % 5 > 0).all(), "none of the unseen sequences"
        loss = model.loss(source[rows], feed(target[rows]), target[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 40 == 0:
            history.append(score(forced(model, feed(wanted))) + score(model.greedy(unseen)))
            right, whole, decoded, exact = history[-1]
            print(f"step={step} {name}_loss={loss.item():.4f} forced={right:.3f} decoded={decoded:.3f}", end=" ")
            print(f"forced_exact={whole:.3f} decoded_exact={exact:.3f}")
    return history


# %% Padding changes neither state nor loss; the model is judged on its own writing
model = Seq2Seq().to(device)
torch.testing.assert_close(model.encode(F.pad(unseen, (0, 3))), model.encode(unseen), rtol=1e-4, atol=1e-5)
logits, _ = model.decode(fed, model.encode(unseen))  # (M, T, V)
by_hand = -logits.log_softmax(dim=2)[real].gather(1, wanted[real][:, None]).mean()  # over the tokens that count
torch.testing.assert_close(model.loss(unseen, fed, wanted), by_hand)
assert score(wanted) == (1, 1) and score(F.pad(wanted, (0, 1), value=FIRST)) == (1, 0), "text after the end is wrong"
early, *_, (*_, exact) = train(model, "shifted", shift_right, 200)
assert exact > 0.9, "it reverses sequences that it has never seen"
assert early[0] > early[2] + 0.04, "forced, a mistake leaves no trace; decoded, it is fed to all that follows"
assert abs(early[1] - early[3]) < 0.01, "whole sequences: until the first mistake both are fed the same"
(cheat,) = train(Seq2Seq().to(device), "unshifted", lambda target: target, 40)
assert cheat[1] > 0.99 and cheat[3] < 0.01, "fed the token it must predict, the net copies it and learns nothing else"

# %% Decoding stops at <eos>; being fed one wrong letter, the first, misleads all that follow
short = wanted[:, 2] == EOS  # (M,), two letters
pairs = short & (model.greedy(unseen)[:, :3] == wanted[:, :3]).all(dim=1)  # harmless: nearly all of them are right
assert model.greedy(unseen[pairs]).shape[1] == 3, "two letters and <eos>: the loop ends with the last row"
wrong = FIRST + (fed[:, 1:2] - FIRST + 1) % (V - FIRST)  # (M, 1)  # harmless: any other letter would do
misfed = torch.cat([fed[:, :1], wrong, fed[:, 2:]], dim=1)
assert ((misfed != fed).sum(dim=1) == 1).all() and misfed[:, 1].min() >= FIRST, "one letter for another"
five = wanted[:, -1] == EOS  # (M,)
later = wanted[five, 1:S]  # (rows of five letters, 4)
assert later.shape[1] == 4 and later.min() >= FIRST, "letters 2 to 5, of rows that have them all"
hits = [(forced(model, f)[five, 1:S] == later).float().mean().item() for f in (fed, misfed)]
print(f"letters 2 to 5: {hits[0]:.3f} right, after a wrong first letter {hits[1]:.3f}")
assert hits[0] > 0.9 and hits[1] < 0.5, "exposure bias: training never fed it a mistake"
