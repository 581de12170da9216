# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Pack sequences of unequal length and read h_n: output[:, -1] is its equal only without padding, in one direction."""

import os
from functools import partial

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))


# %% In short
class Classifier(nn.Module):
    def __init__(self, vocabulary, classes, size=32):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, size, batch_first=True, bidirectional=True)  # batch_first is False by default
        self.head = nn.Linear(2 * size, classes)

    def forward(self, tokens, lengths):  # (N, L) long, (N,) on the CPU
        packed = pack_padded_sequence(self.embed(tokens), lengths, batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)  # (layers * 2, N, size)
        return self.head(torch.cat([h_n[-2], h_n[-1]], dim=1))  # (N, classes)


def collate(sequences):  # list of (L_i,) or (L_i, D); for DataLoader(..., collate_fn=collate)
    return pad_sequence(sequences, batch_first=True), torch.tensor([len(one) for one in sequences])


same = partial(torch.testing.assert_close, rtol=0, atol=2e-3)  # wide enough for TF32 on a GPU
N, L, D, H = 4, 7, 3, 8  # batch, longest sequence, input size, hidden size

# %% Shapes: batch_first moves the batch axis of input and output, never that of h_n and c_n
one = nn.LSTM(D, H, num_layers=2, batch_first=True).to(device)
two = nn.LSTM(D, H, num_layers=2, batch_first=True, bidirectional=True).to(device)
x = torch.randn(N, L, D, device=device)
output, (h_n, c_n) = two(x)
assert output.shape == (N, L, 2 * H), "output: every step, last layer only, both directions side by side"
assert h_n.shape == c_n.shape == (2 * 2, N, H), "h_n: final states only, of every layer and direction"

# %% No padding: h_n against output[:, -1]
same(output[:, -1, :H], h_n[-2], msg="forward ends at the last step")
same(output[:, 0, H:], h_n[-1], msg="backward ends at the first step")
assert (output[:, -1, H:] - h_n[-1]).abs().max() > 0.02, "backward has only begun at the last step"
output, (h_n, _) = one(x)
same(output[:, -1], h_n[-1], msg="one direction: both are the state after the last step")

# %% Padding, not packed: h_n and output[:, -1] have both read it
lengths = torch.tensor([3, L, 1, 4])  # stays on the CPU: packing accepts no other device
rows, last = torch.arange(N, device=device), lengths.to(device) - 1
padded, _ = collate([x[i, :n] for i, n in enumerate(lengths)])  # (N, L, D), zeros behind
runs = {net: [net(x[i, :n]) for i, n in enumerate(lengths)] for net in (one, two)}  # the reference: each sample alone
alone = {net: torch.stack([h for _, (h, _) in runs[net]], dim=1) for net in runs}  # h_n (layers * directions, N, H)

assert last.tolist() == [2, 6, 0, 3] and not padded[2, 1:].any(), "zeros begin behind the last valid step"
for net in runs:
    _, (h_n, _) = net(padded)
    error = (h_n - alone[net]).norm(dim=2)  # (layers * directions, N)
    assert (error[:, last < L - 1] > 5e-3).all(), "zero padding moves the state of every short sample"
    assert (error[:, last == L - 1] < 5e-3).all(), "a sample without padding is read as if it were alone"
output, (h_n, _) = one(padded)
same(output[:, -1], h_n[-1], msg="one direction: both are the state after the padding")


# %% One direction never looks ahead, so its output at the last valid step is right without packing
def last_valid(output, lengths):  # (N, L, H), (N,) on the CPU -> (N, H)
    # hole: last-valid
    rows = torch.arange(len(output), device=output.device)
    return output[rows, lengths.to(output.device) - 1]
    # end


same(last_valid(output, lengths), alone[one][-1], msg="the state after each sample's own last step")
same(last_valid(output[:2], torch.tensor([1, 2])), torch.stack([output[0, 0], output[1, 1]]), msg="row by row")

# %% Packed: every sample comes out as if it had run alone, in the order it went in
packed = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
for net in runs:
    packed_output, (h_n, c_n) = net(packed)
    output, _ = pad_packed_sequence(packed_output, batch_first=True)  # (N, L, H or 2H)
    for i, n in enumerate(lengths):
        same((output[i, :n], (h_n[:, i], c_n[:, i])), runs[net][i], msg="packed equals unpadded")
        assert not output[i, n:].any(), "behind the end stand zeros, so output[:, -1] of a short sample is zero"
print("packed: outputs and states equal those of each sample run alone; output[:, -1] of short samples is zero")


# %% The summary of a sequence: the last layer's two directions, each after all the steps it has to read
def summarize(lstm, x, lengths):  # bidirectional lstm, (N, L, D) -> (N, 2H)
    # hole: summarize
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    _, (h_n, _) = lstm(packed)  # h_n (layers * 2, N, H)
    return torch.hstack([h_n[-2], h_n[-1]])
    # end


dirty = torch.where(torch.arange(L, device=device)[:, None] > last[:, None, None], 9.0, padded)  # nines behind the end
expected = torch.hstack([alone[two][-2], alone[two][-1]])
same(summarize(two, dirty, lengths), expected, msg="forward, then backward, of the valid steps alone")
flat = nn.LSTM(D, 5, batch_first=True, bidirectional=True).to(device)  # another depth and size, a batch of two
states = [flat(dirty[i : i + 1, : lengths[i]])[1][0].flatten() for i in (0, 3)]
same(summarize(flat, dirty[[0, 3]], lengths[[0, 3]]), torch.stack(states), msg="any depth, size and batch")

# %% Order matters: does token 1 come before token 2? Each occurs once. Train on short texts, test on longer ones
V, SHORT, LONG = 8, (4, 9), (10, 12)  # vocabulary (0 pads), shortest and longest text


def texts(n, shortest, longest):
    batch = [torch.randint(3, V, (size,)) for size in torch.randint(shortest, longest + 1, (n,))]
    for text in batch:
        text[torch.randperm(len(text))[:2]] = torch.tensor([1, 2])
    tokens, lengths = collate(batch)
    return tokens.to(device), lengths  # (n, L), (n,)


def label(tokens):
    return ((tokens == 1).int().argmax(dim=1) < (tokens == 2).int().argmax(dim=1)).long()  # harmless: either way round


net = Classifier(V, classes=2).to(device)
assert net.lstm.batch_first and not net.embed.weight[0].any(), "padding is embedded as zeros"
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(1, 41):
    tokens, lengths = texts(32, *SHORT)
    assert max(lengths) < LONG[0], "no text as long as those of the test is trained on"
    loss = nn.functional.cross_entropy(net(tokens, lengths), label(tokens))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"step={step} loss={loss.item():.4f}")
assert net.head.weight.grad.norm() < 0.1, "what is left is the gradient of one step, not the sum of forty"

tokens, lengths = texts(200, *LONG)
assert min(lengths) >= LONG[0], "only texts longer than any seen in training"
swapped = torch.where(tokens == 1, 2, torch.where(tokens == 2, 1, tokens))
assert torch.equal(tokens.sort(dim=1)[0], swapped.sort(dim=1)[0]), "both texts of a pair are the same bag of tokens"
assert torch.equal(label(tokens), 1 - label(swapped)), "with opposite labels: any bag model gets one of the two wrong"
with torch.no_grad():
    by_one = torch.cat([net(t[None, :n], n[None]) for t, n in zip(tokens, lengths, strict=True)])  # harmless: n cuts it
    same(net(tokens, lengths), by_one, msg="in a batch as alone")
    same(net(tokens, lengths), net.head(summarize(net.lstm, net.embed(tokens), lengths)), msg="both directions")
    right = torch.cat([net(t, lengths).argmax(dim=1) == label(t) for t in (tokens, swapped)]).float().mean().item()
print(f"test accuracy on longer texts: LSTM {right:.3f} (by the pairs, a bag of tokens is right on exactly half)")
assert right > 0.9, "an LSTM reads order"
