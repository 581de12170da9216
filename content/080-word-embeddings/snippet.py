# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""An embedding is a table of trained rows, looked up by number; words in like company get like rows."""

import os
import random
from collections import Counter

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
random.seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise
close = torch.testing.assert_close

# %% In short
vocabulary = {"<pad>": 0, "<unk>": 1, "cat": 2, "dog": 3, "sleeps": 4}
embedding = nn.Embedding(len(vocabulary), 8, padding_idx=0)  # row 0: zeros, and no gradient
ids = torch.tensor([[vocabulary.get(word, 1) for word in words] for words in (["dog", "sleeps"], ["horse", "<pad>"])])
vectors = embedding(ids)  # (N, L) of whole numbers -> (N, L, 8)

matrix = torch.randn(5, 8)  # (V, D): ready vectors, a row for each word of the vocabulary
ready = nn.Embedding.from_pretrained(matrix, freeze=True, padding_idx=0)  # freeze=False: trained  # harmless: default


def nearest(word, table, vocabulary, k=3):  # by cosine similarity, the word itself left out
    rows = F.normalize(table, dim=1)  # harmless: dim=1 is the default, too
    score = rows @ rows[vocabulary[word]]
    score[vocabulary[word]] = -2  # below every cosine
    names = {row: name for name, row in vocabulary.items()}
    return [names[row] for row in score.topk(k).indices.tolist()]


# %% Ready vectors from a file
def read_vectors(lines, vocabulary, D):  # GloVe's text files: in each line a word, then its D numbers
    matrix = 0.1 * torch.randn(len(vocabulary), D)  # words that the file lacks keep these
    matrix[vocabulary["<pad>"]] = 0
    for line in lines:
        word, *numbers = line.rstrip().rsplit(" ", D)  # from the right: a few of the words contain spaces
        if word in vocabulary:
            matrix[vocabulary[word]] = torch.tensor([float(number) for number in numbers])
    return matrix


read = read_vectors(["dog 1 0\n", "cat 1 0.5\n", "cat at home 9 9\n", "the 9 9\n", "sleeps 0 -1 \n"], vocabulary, 2)
close(read[[0, 3, 2, 4]], torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 0.5], [0.0, -1.0]]))
assert 0 < read[1].abs().max() < 1, "a word that the file lacks is small, and not zero"
assert nearest("cat", torch.tensor([[1, 0], [0.1, 0.05], [5, 9]]), {"sleeps": 2, "cat": 0, "dog": 1}, 1) == ["dog"]

# %% A lookup, and no more: one-hot times the table
one_hot = F.one_hot(ids, 5).float()  # (2, 2, 5)
close(vectors, one_hot @ embedding.weight)
close(vectors, F.linear(one_hot, embedding.weight.mT))  # nn.Linear(5, 8, bias=False) with the table as its weight
assert ids.tolist() == [[3, 4], [1, 0]] and (vectors[1, 1] == 0).all()
assert ready.weight.data_ptr() == matrix.data_ptr() and not ready.weight.requires_grad and ready.padding_idx == 0


# %% The gradient of a lookup: rows that were looked up get what their places send, summed
def lookup_gradient(ids, upstream, rows, padding):  # ids (N, L), upstream (N, L, D) -> (rows, D)
    # hole: lookup-gradient
    gradient = upstream.new_zeros(rows, upstream.shape[-1])
    gradient.index_add_(0, ids.flatten(), upstream.flatten(0, 1))
    gradient[padding] = 0
    return gradient
    # end


for shape, rows, padding, dtype in (((1, 1, 8), 3, 2, torch.double), ((4, 6, 3), 5, 0, None), ((2, 9, 1), 40, 1, None)):
    ids = torch.randint(rows, shape[:2])
    ids[0, -1] = padding  # harmless: for draws without it
    for sparse in (False, True):
        table = nn.Embedding(rows, shape[2], padding_idx=padding, sparse=sparse, dtype=dtype)
        upstream = torch.randn(shape, dtype=dtype)
        table(ids).backward(upstream)
        kept = upstream.clone()  # harmless: the copy is for lines that would change it
        close(lookup_gradient(ids, upstream, rows, padding), table.weight.grad.to_dense())
        assert torch.equal(upstream, kept), "what came from above is not changed"
    touched = table.weight.grad.coalesce().indices()[0]  # of the last one, which is sparse
    assert set(touched.tolist()) <= set(ids.flatten().tolist()), "no row but those that were looked up"
moved = {}
for kind in (torch.optim.Adam, torch.optim.AdamW, torch.optim.SparseAdam):
    sparse = kind is torch.optim.SparseAdam
    table = nn.Embedding.from_pretrained(torch.randn(3, 1), freeze=False, padding_idx=2, sparse=sparse)
    optimizer = kind(table.parameters(), 0.1)
    for word in (0, 1, 1, 1):  # row 0 is looked up once; row 2 is the padding's
        before = table.weight.detach().clone()
        optimizer.zero_grad()
        table(torch.tensor([word, 2])).sum().backward()  # harmless: only which rows move is asked
        optimizer.step()
    moved[kind.__name__] = (table.weight.detach() != before).flatten().tolist()  # in the last step
print("rows that the last step moves:", moved)
assert moved == {"Adam": [True, True, False], "AdamW": [True, True, True], "SparseAdam": [False, True, False]}


# %% Skip-gram with negative sampling: a word predicts its neighbours, and not random words
def negative_sampling_loss(centre, context, noise):  # (N, D), (N, D), (N, K, D)
    # hole: negative-sampling-loss
    real = (centre * context).sum(1)  # (N,)
    drawn = (noise @ centre[:, :, None])[:, :, 0]  # (N, K)
    return -(F.logsigmoid(real) + F.logsigmoid(-drawn).sum(1)).mean()
    # end


for N, K, size in ((5, 3, 0.25), (5, 3, 32.0), (1, 2, 0.25), (4, 1, 0.25), (5, 0, 0.25)):  # 32: products of thousands
    c, o, n = rows = [(size * torch.randint(-9, 10, (N, *k, 4))).requires_grad_() for k in ((), (), (K,))]
    logits = torch.stack([torch.stack([c[i] @ row for row in (o[i], *n[i])]) for i in range(N)])  # (N, 1 + K)
    truth = F.one_hot(torch.zeros(N, dtype=torch.long), 1 + K).float()  # class 0 is the real neighbour
    losses = negative_sampling_loss(c, o, n), (1 + K) * F.binary_cross_entropy_with_logits(logits, truth)
    close(*losses)
    close(*(torch.autograd.grad(loss, rows, materialize_grads=True) for loss in losses))

people = {("he", "crown"): "king", ("she", "crown"): "queen", ("he", "street"): "man", ("she", "street"): "woman"}
places = {"crown": ["crown", "palace", "throne"], "street": ["street", "shop", "field"]}
sentences = []
for _ in range(2000):
    (pronoun, place), person = random.choice(list(people.items()))
    sentences.append([person, "says", pronoun, "likes", random.choice(places[place])])
    sentences.append(["a", random.choice(["cat", "dog", "cow"]), "eats", random.choice(["hay", "fish", "bread"])])
counts = Counter(word for sentence in sentences for word in sentence)
words = {word: i for i, word in enumerate(sorted(counts))}  # harmless: any order would do
pairs = torch.tensor([[words[a], words[b]] for s in sentences for i, a in enumerate(s)
                      for j, b in enumerate(s) if i != j])  # fmt: skip  # (P, 2): the window is the sentence
noise_weights = torch.tensor([counts[word] for word in words]) ** 0.75
assert not any({"cat", "dog"} <= set(sentence) for sentence in sentences), "they never meet"


def trained(negatives, steps=300, D=16):
    centre, context = (nn.Embedding(len(words), D) for _ in range(2))  # two tables: as centre, as neighbour
    nn.init.uniform_(centre.weight, -0.1, 0.1)  # from N(0, 1) the start would be seen for long
    nn.init.zeros_(context.weight)  # harmless: as word2vec begins; here other starts do, too
    optimizer = torch.optim.Adam([*centre.parameters(), *context.parameters()], 0.02)
    for step in range(1, steps + 1):
        a, b = pairs[torch.randint(len(pairs), (512,))].unbind(1)
        drawn = torch.multinomial(noise_weights, 512 * max(negatives, 1), replacement=True).view(512, -1)[:, :negatives]
        loss = negative_sampling_loss(centre(a), context(b), context(drawn))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step in (1, 150, 300):
            print(f"negatives={negatives} step={step} loss={loss.item():.2f}")
    return centre.weight.detach()


kinds = [["cat", "dog", "cow"], ["hay", "fish", "bread"], ["crown", "palace", "throne"], ["street", "shop", "field"]]


def likeness(table):  # mean cosine of words of one kind, and of two kinds that stand in the same sentences
    rows = F.normalize(table[[words[word] for kind in kinds for word in kind]]).view(4, 3, -1)
    cosine = torch.einsum("iad,jbd->iajb", rows, rows)  # (4, 3, 4, 3)
    within = torch.stack([cosine[kind, :, kind][~torch.eye(3, dtype=torch.bool)].mean() for kind in range(4)]).mean()
    beside = (cosine[0, :, 1].mean() + cosine[2, :, 3].mean()) / 2
    return within.item(), beside.item()


table = trained(5)
tables = {"trained": table, "without noise words": trained(0), "at the start": trained(5, steps=0)}
for name, rows in tables.items():
    within, beside = likeness(rows)
    print(f"{name}: mean cosine {within:.2f} within a kind, {beside:.2f} between kinds of the same sentences")
    good = {"trained": 0.95 < within < 1.01 and beside < 0.75, "without noise words": beside > 0.8}  # harmless: bounds
    assert good.get(name, within < 0.5), "noise words keep apart what only stands together"
for kind in kinds:
    assert all(set(nearest(word, table, words, 2)) == set(kind) - {word} for word in kind), kind
target = table[words["king"]] - table[words["man"]] + table[words["woman"]]
score = F.cosine_similarity(table, target[None])  # king, man and woman are among the candidates
print("king - man + woman:", list(words)[score.argmax()])
assert score.argmax() == words["queen"] and score.max() > 0.9
