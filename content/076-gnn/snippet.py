# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A graph layer sums each node and its neighbours, weighted, then multiplies: a sparse matrix and nn.Linear."""

import os
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise
close = torch.testing.assert_close


# %% In short
class GCNLayer(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, x, adjacency):  # (nodes, inputs), sparse (nodes, nodes) -> (nodes, outputs)
        return self.linear(torch.sparse.mm(adjacency, x))


def normalised_adjacency(edges, nodes):  # edges (2, E): each given once, in one direction
    # hole: normalised-adjacency
    both = torch.hstack([edges, edges.flip(0), torch.arange(nodes).to(edges).expand(2, -1)])
    rows, columns = both
    degree = rows.bincount()  # of each node, itself included
    weights = (degree[rows] * degree[columns]).float().rsqrt()
    return torch.sparse_coo_tensor(both, weights, (nodes, nodes), check_invariants=True).coalesce()
    # end


edges = torch.tensor([[0, 2], [1, 1]])  # 0 - 1 and 2 - 1; node 3 is alone
small = normalised_adjacency(edges, 4)  # once; every layer takes it
layer, last = GCNLayer(5, 16), GCNLayer(16, 3)
x = torch.randn(4, 5)  # (nodes, features)
logits = last(layer(x, small).relu(), small)  # (4, 3): nodes, classes

# %% The matrix by hand (with themselves the nodes have degrees 2, 3, 2, 1); the layer as messages along edges
by_hand = torch.tensor([[1 / 2, 6**-0.5, 0, 0], [6**-0.5, 1 / 3, 6**-0.5, 0], [0, 6**-0.5, 1 / 2, 0], [0, 0, 0, 1]])
assert small.layout == torch.sparse_coo and small._nnz() == 8, "two numbers an edge, one a node"  # noqa: SLF001
close(small.to_dense(), by_hand)
assert by_hand[1].sum() > 1.1 > 0.95 > by_hand[0].sum(), "a row does not add up to 1: a weighted sum, no mean"
close(normalised_adjacency(edges[:, :0], 2).to_dense(), torch.eye(2))  # no edges: each node by itself
assert normalised_adjacency(edges, 10**6)._nnz() == 10**6 + 4, "all pairs would be 4 terabytes"  # noqa: SLF001
close(logits, last.linear(by_hand @ layer.linear(by_hand @ x).relu()))
gathered = torch.zeros(4, 5)
for source, target in [(0, 1), (1, 0), (1, 2), (2, 1), (0, 0), (1, 1), (2, 2), (3, 3)]:
    gathered[target] += by_hand[target, source] * x[source]  # a message along an edge, summed at its end
close(layer(x, small), gathered @ layer.linear.weight.mT + layer.linear.bias)
(rows, columns), values = small.coalesce().indices(), small.coalesce().values()
messages = torch.zeros(4, 5).index_add(0, rows, values[:, None] * x[columns])  # the same without sparse.mm
close(messages, gathered)
samples = torch.randn(8, 4, 5)  # (N, nodes, F): eight samples on the same graph, side by side for the product
mixed = torch.sparse.mm(small, samples.transpose(0, 1).flatten(1)).unflatten(1, (8, 5)).transpose(0, 1)
close(mixed, by_hand @ samples)

# %% Edges as people have them
edges = torch.tensor([[0, 1, 2, 1, 1, 3], [1, 0, 1, 2, 0, 3]])  # both directions, one twice, a loop
assert not torch.allclose(normalised_adjacency(edges, 4).to_dense(), by_hand), "unmended, edges count twice"
edges = edges[:, edges[0] != edges[1]].sort(0).values.unique(dim=1)  # each edge once, no loops
close(normalised_adjacency(edges, 4).to_dense(), by_hand)
assert torch.tensor([[70, 12], [31, 70]]).unique(return_inverse=True)[1].tolist() == [[2, 0], [1, 2]]  # ids: 12, 31, 70

# %% Zachary's karate club: 34 members, 78 friendships, two factions
FRIENDS = """2-1 3-1 3-2 4-1 4-2 4-3 5-1 6-1 7-1 7-5 7-6 8-1 8-2 8-3 8-4 9-1 9-3 10-3 11-1 11-5 11-6 12-1 13-1 13-4 14-1
14-2 14-3 14-4 17-6 17-7 18-1 18-2 20-1 20-2 22-1 22-2 26-24 26-25 28-3 28-24 28-25 29-3 30-24 30-27 31-2 31-9 32-1
32-25 32-26 32-29 33-3 33-9 33-15 33-16 33-19 33-21 33-23 33-24 33-30 33-31 33-32 34-9 34-10 34-14 34-15 34-16 34-19
34-20 34-21 34-23 34-24 34-27 34-28 34-29 34-30 34-31 34-32 34-33"""
edges = torch.tensor([[int(member) - 1 for member in pair.split("-")] for pair in FRIENDS.split()]).mT  # (2, 78)
faction = torch.ones(34, dtype=torch.long)
faction[torch.tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 17, 18, 20, 22]) - 1] = 0
leaders, others = torch.tensor([0, 33]), torch.arange(1, 33)
assert edges.shape == (2, 78) and set(leaders.tolist()).isdisjoint(others.tolist()), "two labels; 32 to be found"
club, nobody = normalised_adjacency(edges, 34), normalised_adjacency(edges[:, :0], 34)
features = torch.eye(34)  # nothing is known of the members: each has a number of its own


class GCN(nn.Module):
    def __init__(self, depth, residual=False, width=32):
        super().__init__()
        sizes = [34] + [width] * (depth - 1) + [2]
        self.layers = nn.ModuleList(GCNLayer(a, b) for a, b in pairwise(sizes))
        for layer in self.layers:  # for ReLU, so that depth alone does not silence the net
            nn.init.kaiming_normal_(layer.linear.weight)
        self.residual = residual

    def forward(self, x, adjacency):
        for layer in self.layers[:-1]:
            out = layer(x, adjacency).relu()
            x = x + out / len(self.layers) ** 0.5 if self.residual and out.shape == x.shape else out
        return self.layers[-1](x, adjacency)


def trained(depth, adjacency, residual=False, seeds=3):  # accuracy on the others, and loss on the two leaders
    found, losses = [], []
    for seed in range(seeds):
        torch.manual_seed(seed)
        net = GCN(depth, residual)
        optimizer = torch.optim.Adam(net.parameters(), 0.01, fused=True)
        for _ in range(60):
            scores = net(features, adjacency)  # (34, 2)
            loss = F.cross_entropy(scores[leaders], faction[leaders])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        hits = (scores.argmax(1) == faction)[others]
        assert hits.shape == (32,), "the two leaders were given: they do not count"
        found.append(hits.float().mean().item())
        losses.append(loss.item())
    shares, ends = (", ".join(f"{one:{form}}" for one in many) for many, form in ((found, ".0%"), (losses, ".2f")))
    print(f"{depth} layers, {adjacency.to_dense().count_nonzero()} weights, shortcut {residual}: {shares}; loss {ends}")
    return found, losses


right, losses = trained(2, club)
lonely, lonely_losses = trained(2, nobody)  # the same without friendships
assert min(right) > 0.9 and max(lonely) < 0.75 and max(losses + lonely_losses) < 0.1, "the edges carry the labels"

# %% The order of the nodes does not matter
order = torch.randperm(34)
shuffled = normalised_adjacency(order.argsort()[edges], 34)  # argsort: where each node has gone
net = GCN(3, residual=True)
close(net(features[order], shuffled), net(features, club)[order])
assert not torch.equal(shuffled.to_dense(), club.to_dense())
first = net.layers[0](features, club).relu()  # harmless: features are the identity, both products are the matrix
close(net(features, club), net.layers[2](first + net.layers[1](first, club).relu() / 3**0.5, club))

# %% More layers are not better: sums of sums become alike
values, vectors = torch.linalg.eigh(club.to_dense().double())
limit = vectors[:, -1:] @ vectors[:, -1:].mT  # what remains after many steps
close(vectors[:, -1].abs(), F.normalize((edges.flatten().bincount() + 1).double().sqrt(), dim=0))  # degrees alone
rest = {}
for k in (1, 4, 16, 64):
    power = torch.linalg.matrix_power(club.to_dense().double(), k)  # applied to the one-hot features
    rest[k] = ((power - limit).norm() / power.norm()).item()
print("share of more than the degree, after k products:", {k: f"{share:.1%}" for k, share in rest.items()})
assert abs(values[-1] - 1) < 1e-6 and values[:-1].abs().max() == values[-2], "all but the largest fade; this last"
agree = ((vectors[:, -2] > 0) == (faction == 0)).sum().item()  # harmless: the sign is free, either count will do
print(f"the direction that fades last (by {values[-2]:.2f} a step) has {max(agree, 34 - agree)} of 34 right")
assert 0.7 < rest[1] < 1 and abs(rest[64] / rest[16] / values[-2] ** 48 - 1) < 0.3 and max(agree, 34 - agree) >= 31

dense, lone = club.to_dense(), nobody.to_dense()  # with 34 nodes a dense matrix is faster, and gives the same
(_, deep), (_, alone) = trained(24, dense, seeds=2), trained(24, lone, seeds=2)  # harmless: a third start does as well
bridged, bridged_losses = trained(24, dense, residual=True, seeds=2)  # harmless: a third start does as well
assert min(alone) < 0.1 < 0.25 < min(deep), "without neighbours, 24 layers can learn the two labels"
assert max(bridged_losses) < 0.1 and min(bridged) > 0.85, "shortcuts keep what the sums lose"

# %% Several graphs at once: one block for each, and a mean over its nodes
pair = torch.cat([torch.tensor([[0, 2], [1, 1]]), torch.tensor([[0], [1]]) + 4], 1)  # four nodes, then two
member = torch.tensor([0, 0, 0, 0, 1, 1])  # of which graph each node is
x = torch.randn(6, 5)
together = layer(x, normalised_adjacency(pair, 6))  # (6, 16)
close(together[:4], layer(x[:4], small))
pooled = torch.zeros(2, 16).index_add(0, member, together) / member.bincount()[:, None]  # (graphs, 16)
close(pooled, torch.stack([together[:4].mean(0), together[4:].mean(0)]))
try:
    normalised_adjacency(edges, 33)  # the members are 0 to 33
    raise AssertionError("a node number that is too large must be an error")
except (RuntimeError, IndexError):
    pass
