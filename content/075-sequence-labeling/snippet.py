# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A tagger scores every token by itself; a linear-chain CRF scores whole tag sequences and picks the best of them."""

import os
import random
import re
from itertools import pairwise, product

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(0)
torch.set_num_threads(1)  # on tensors this small several threads only wait for one another
torch.set_default_device(os.environ.get("KB_DEVICE", "cpu"))  # harmless: the CPU, unless KB_DEVICE says otherwise
close = torch.testing.assert_close


# %% In short
class Tagger(nn.Module):
    def __init__(self, vocabulary, tags, size=16):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, size)
        self.lstm = nn.LSTM(size, size, batch_first=True, bidirectional=True)  # harmless: packed
        self.head = nn.Linear(2 * size, tags)

    def forward(self, tokens):  # (N, L) long, filled up with 0 on the right -> scores (N, L, K)
        lengths = (tokens != 0).sum(dim=1).cpu()
        packed = pack_padded_sequence(self.embed(tokens), lengths, batch_first=True, enforce_sorted=False)
        output, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=tokens.shape[1])
        return self.head(output)


def token_loss(scores, tags):  # (N, L, K), (N, L) long with -100 at padding -> a mean over real tokens
    return F.cross_entropy(scores.mT, tags, ignore_index=-100)  # harmless: the default, said aloud


# %% Whole sequences: a score for each tag at its token, and one for each move from a tag to the next
def path_score(scores, tags, transition, mask):  # (N, L, K), (N, L), (K, K), (N, L) -> (N,)
    tags = tags.clamp(min=0)  # gather accepts no -100
    moves = transition[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]  # transition[i, j]: from i to j
    return (scores.gather(2, tags[:, :, None])[:, :, 0] * mask).sum(dim=1) + moves.sum(dim=1)


def log_partition(scores, transition, mask):  # the log of the sum of exp(path_score) over all sequences, (N,)
    # hole: log-partition
    alpha = scores[:, 0]  # (N, K): the same sum over the sequences that end here, in each tag
    for t in range(1, scores.shape[1]):
        grown = (alpha[:, :, None] + transition).logsumexp(dim=1) + scores[:, t]
        alpha = torch.where(mask[:, t, None], grown, alpha)
    return alpha.logsumexp(dim=1)
    # end


def viterbi(scores, transition, mask):  # the best sequence's score (N,) and its tags (N, L), -100 at padding
    best, back = scores[:, 0], []
    # hole: viterbi
    for t in range(1, scores.shape[1]):
        total, came = (best[:, :, None] + transition).max(dim=1)  # (N, K): from which tag one comes best
        best = torch.where(mask[:, t, None], total + scores[:, t], best)
        back.append(came)
    # end
    path = [best.argmax(dim=1)]
    for t in range(scores.shape[1] - 1, 0, -1):
        path.append(torch.where(mask[:, t], back[t - 1].gather(1, path[-1][:, None])[:, 0], path[-1]))
    return best.amax(dim=1), torch.stack(path[::-1], dim=1).masked_fill(~mask, -100)


def crf_loss(scores, transition, tags):  # minus the log-probability of the true sequences, a mean over real tokens
    mask = tags != -100
    return (log_partition(scores, transition, mask) - path_score(scores, tags, transition, mask)).sum() / mask.sum()


# %% Both equal brute force, whatever the padding holds
def brute_force(row, transition):  # (n, K) -> all K ** n sequences and their scores
    paths = torch.tensor(list(product(range(row.shape[1]), repeat=len(row))))  # (K ** n, n)
    return paths, row[torch.arange(len(row)), paths].sum(dim=1) + transition[paths[:, :-1], paths[:, 1:]].sum(dim=1)


for n, width, k, dtype in (([5, 1, 3, 5, 4], 6, 3, torch.float32), ([4], 4, 2, torch.float64)):
    mask, transition = torch.arange(width) < torch.tensor(n)[:, None], 3 * torch.randn(k, k, dtype=dtype) - 4
    scores = (3 * torch.randn(len(n), width, k, dtype=dtype)).requires_grad_()
    log_z, (best, tags) = log_partition(scores, transition, mask), viterbi(scores, transition, mask)
    (marginal,) = torch.autograd.grad(log_z.sum(), scores)
    for i, size in enumerate(n):
        paths, totals = brute_force(scores[i, :size], transition)
        close((log_z[i], best[i]), (totals.logsumexp(dim=0), totals.max()), msg="the sum, and the best, of all of them")
        assert tags[i].tolist() == paths[totals.argmax()].tolist() + [-100] * (width - size), "Viterbi: its tags"
        tag_share = (totals.softmax(dim=0)[:, None, None] * F.one_hot(paths, k)).sum(dim=0)  # (n, K)
        close(marginal[i], F.pad(tag_share, (0, 0, 0, width - size)), msg="the gradient of log Z, zero at padding")
    close(crf_loss(scores, transition, tags), (log_z - best).sum() / sum(n), msg="a mean over real tokens")
    close(log_partition(scores + 2000 * torch.eye(width)[:, :1], transition, mask), log_z + 2000, msg="no overflow")
print("forward algorithm, Viterbi and marginals equal a loop over all sequences")

# %% BIO: an I- tag may only follow a B- or I- of its own type
NAMES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def penalties(names):  # (K, K): 0 for a legal move, -1e4 for others
    legal = [[after[0] != "I" or before in ("B" + after[1:], after) for after in names] for before in names]
    return torch.where(torch.tensor(legal), 0.0, -1e4)


def fence(scores, penalty):  # a sentence begins as if after "O"
    return torch.cat([scores[:, :1] + penalty[NAMES.index("O")], scores[:, 1:]], dim=1)


def entities(tags):  # ["O", "B-LOC", "I-LOC"] -> {("LOC", 1, 3)}; an I- without its B- begins nothing
    text = " ".join(tags)
    spans = re.finditer(r"(?<!\S)B(\S*)( I\1(?!\S))*", text)
    return {(m[1][1:], text[: m.start()].count(" "), text[: m.end()].count(" ") + 1) for m in spans}


def entity_f1(predicted, true):  # lists of lists of tags
    found, real = ({(n, *e) for n, row in enumerate(rows) for e in entities(row)} for rows in (predicted, true))
    return 2 * len(found & real) / max(len(found) + len(real), 1)


assert entities("I-B-A B-A I-AB I-A B-A I-A I-A B I".split()) == {("A", 1, 2), ("A", 4, 7), ("", 7, 9)}, "B- begins"
assert entity_f1(["BO", "B"], ["BB", "O"]) == 0.5 and entity_f1([""], [""]) == 0 > penalties("OBI")[0, 2], "no type"
penalty, rng = penalties(NAMES), random.Random(torch.initial_seed())
close(log_partition(fence(torch.zeros(1, 2, 5), penalty), penalty, mask[:, :2]).exp(), torch.tensor([11.0]))  # legal

# %% Data: names whose type the next word tells, and "25 26 27", whose tags no word tells. Train a net of each kind
OPEN = {"B-LOC I-LOC O": 0.35, "O B-LOC I-LOC": 0.16, "O B-LOC O": 0.1, "O O B-LOC": 0.2, "O B-PER O": 0.19}


def sentence():
    text = []
    for _ in range(rng.randint(1, 3)):
        size, (kind, last) = rng.randint(1, 3), rng.choice([("PER", 21), ("LOC", 22)])
        name = [*rng.choices(range(11, 21), k=size), last], f"B-{kind}{f' I-{kind}' * (size - 1)} O"
        part = name if rng.random() < 0.3 else ([25, 26, 27], rng.choices([*OPEN], OPEN.values())[0])
        text += zip([rng.randint(1, 10), *part[0]], ["O", *part[1].split()], strict=True)
    return torch.tensor([(word, NAMES.index(tag)) for word, tag in text]).unbind(dim=1)


def collate(pairs):  # padding: token 0, tag -100
    tokens, tags = zip(*pairs, strict=True)
    return pad_sequence(tokens, batch_first=True), pad_sequence(tags, batch_first=True, padding_value=-100)


pairs = [sentence() for _ in range(4000)]
train, test = ([pair for pair in pairs if (pair[0].sum() % 5 == 0) == held] for held in (False, True))
plain, crf = Tagger(28, len(NAMES)), Tagger(28, len(NAMES))
crf.move = nn.Parameter(torch.zeros(len(NAMES), len(NAMES)))  # as an attribute it is trained and saved with the net
for net, loss_of in (plain, token_loss), (crf, lambda s, tags: crf_loss(fence(s, penalty), crf.move + penalty, tags)):
    optimizer = torch.optim.Adam(net.parameters(), fused=True)
    for step in range(1, 126):
        optimizer.param_groups[0]["lr"] = 0.03 * (1 - step / 126)  # harmless: the fall steadies the result over seeds
        tokens, tags = collate(rng.sample(train, 64))
        assert (tokens.sum(dim=1) % 5 > 0).all(), "no sentence of the test is trained on"
        loss = loss_of(net(tokens), tags)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 25 == 0:
            print(f"step={step} loss={loss.item():.4f}")

# %% Five ways to read tags off the scores, on sentences that were held out
tokens, tags = collate(test)
mask = tags != -100
assert (tokens.sum(dim=1) % 5 == 0).all() and torch.equal(mask, tokens != 0)
with torch.no_grad():
    scores, crf_scores = plain(tokens), crf(tokens)
    close(plain(F.pad(tokens, (0, 2)))[:, :-2], scores, msg="more padding changes nothing, and the width is kept")
ways = {"all O": 0 * tags, "per token, argmax": scores.argmax(2), "CRF, argmax": crf_scores.argmax(2),
        "per token, best legal sequence": viterbi(fence(scores, penalty), penalty, mask)[1],
        "CRF, Viterbi": viterbi(fence(crf_scores, penalty), crf.move + penalty, mask)[1]}  # fmt: skip
results, true = [], [[NAMES[k] for k in row if k >= 0] for row in tags.tolist()]
for way, tagged in ways.items():
    rows = [[NAMES[k] for k in row[: len(real)]] for row, real in zip(tagged.tolist(), true, strict=True)]
    broken = [any(b[0] == "I" and a[1:] != b[1:] for a, b in pairwise(["O", *row])) for row in rows]
    accuracy, f1 = (tagged == tags)[mask].float().mean().item(), entity_f1(rows, true)  # harmless: F1 is symmetric
    results.append((accuracy, f1, sum(broken) / len(rows)))
    print("{}: token accuracy {:.3f}, entity F1 {:.3f}, sentences with illegal moves {:.1%}".format(way, *results[-1]))
constant, argmax, raw, legal, whole = results
assert 1 >= argmax[2] > 0.5 and legal[2] == whole[2] == constant[1] == 0, "argmax breaks the rules, Viterbi cannot"
assert argmax[0] > legal[0] > whole[0] and max(argmax[1], legal[1]) < whole[1] - 0.03, "only the CRF learns sequences"
assert whole[1] > 0.45 and raw[1] < 0.2 < 0.6 < raw[0] < 0.9 and crf.move.abs().max() > 0.1, "a CRF is read by Viterbi"
