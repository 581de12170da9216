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
padded = pad_sequence([x[i, :n] for i, n in enumerate(lengths)], batch_first=True)  # (N, L, D), zeros behind
runs = {net: [net(x[i, :n]) for i, n in enumerate(lengths)] for net in (one, two)}  # the reference: each sample alone
alone = {net: torch.stack([h for _, (h, _) in runs[net]], dim=1) for net in runs}  # h_n (layers * directions, N, H)

for net, directions in ((one, 1), (two, 2)):
    _, (h_n, _) = net(padded)
    error = (h_n - alone[net])[-directions:].abs().amax(dim=2)  # (directions, N)
    assert (error[:, last < L - 1] > 2e-3).all(), "zero padding moves the state of every short sample"
output, (h_n, _) = one(padded)
same(output[:, -1], h_n[-1], msg="one direction: both are the state after the padding")
same(output[rows, last], alone[one][-1], msg="one direction never looks ahead: its last valid step is right")

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

# %% Order matters: does token 1 come before token 2? Each occurs once
V, T, E, S = 8, 12, 16, 32  # vocabulary (0 pads), longest text, embedding size, state size


def texts(n):
    lengths = torch.randint(4, T + 1, (n,))
    behind = torch.arange(T) >= lengths[:, None]
    spots = torch.rand(n, T).masked_fill(behind, 2).argsort(dim=1)[:, :2]  # two different valid places
    tokens = torch.randint(3, V, (n, T)).masked_fill(behind, 0).scatter(1, spots, torch.tensor([1, 2]).expand(n, 2))
    return tokens.to(device), lengths  # (n, T), (n,)


def label(tokens):
    return ((tokens == 1).int().argmax(dim=1) < (tokens == 2).int().argmax(dim=1)).long()


def classify(tokens, lengths):
    return head(summarize(lstm, embed(tokens), lengths))  # (n, T) -> (n, 2)


embed, head = nn.Embedding(V, E, padding_idx=0), nn.Linear(2 * S, 2)
lstm = nn.LSTM(E, S, batch_first=True, bidirectional=True)
net = nn.ModuleList([embed, lstm, head]).to(device)
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(1, 41):
    tokens, sizes = texts(32)
    loss = nn.functional.cross_entropy(classify(tokens, sizes), label(tokens))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"step={step} loss={loss.item():.4f}")

tokens, sizes = texts(200)
swapped = torch.where(tokens == 1, 2, torch.where(tokens == 2, 1, tokens))
assert torch.equal(tokens.sort(dim=1)[0], swapped.sort(dim=1)[0]), "both texts of a pair are the same bag of tokens"
assert torch.equal(label(tokens), 1 - label(swapped)), "with opposite labels: any bag model gets one of the two wrong"
with torch.no_grad():
    right = torch.cat([classify(t, sizes).argmax(dim=1) == label(t) for t in (tokens, swapped)]).float().mean().item()
print(f"test accuracy: LSTM {right:.3f} (by the pairs, a bag of tokens is right on exactly half)")
assert right > 0.9, "an LSTM reads order"
