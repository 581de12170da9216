# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A graph layer averages each node with its neighbours and multiplies by a weight: a sparse matrix and nn.Linear."""

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
    both = torch.cat([edges, edges.flip(0), torch.arange(nodes, device=edges.device).expand(2, -1)], 1)
    degree = both[0].bincount(minlength=nodes)  # of each node, itself included
    weights = (degree[both[0]] * degree[both[1]]).float().rsqrt()
    return torch.sparse_coo_tensor(both, weights, (nodes, nodes), check_invariants=True).coalesce()
    # end


# %% The matrix by hand; the layer as messages along edges
path = torch.tensor([[0, 2], [1, 1]])  # 0 - 1 - 2, and 3 alone: with itself the degrees are 2, 3, 2, 1
by_hand = torch.tensor([[1 / 2, 6**-0.5, 0, 0], [6**-0.5, 1 / 3, 6**-0.5, 0], [0, 6**-0.5, 1 / 2, 0], [0, 0, 0, 1]])
small = normalised_adjacency(path, 4)
assert small.layout == torch.sparse_coo and small._nnz() == 8, "as many numbers as there are edges"  # noqa: SLF001
close(small.to_dense(), by_hand)
close(normalised_adjacency(path[:, :0], 2).to_dense(), torch.eye(2))  # no edges: each node by itself
x, layer = torch.randn(4, 5), GCNLayer(5, 3)
gathered = torch.zeros(4, 5)
for source, target in [(0, 1), (1, 0), (1, 2), (2, 1), (0, 0), (1, 1), (2, 2), (3, 3)]:
    gathered[target] += by_hand[target, source] * x[source]  # a message along an edge, summed at its end
close(layer(x, small), gathered @ layer.linear.weight.mT + layer.linear.bias)
(rows, columns), values = small.coalesce().indices(), small.coalesce().values()
messages = torch.zeros(4, 5).index_add(0, rows, values[:, None] * x[columns])  # the same without sparse.mm
close(messages, gathered)

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
    def __init__(self, depth, residual=False, width=16):
        super().__init__()
        sizes = [34] + [width] * (depth - 1) + [2]
        self.layers = nn.ModuleList(GCNLayer(a, b) for a, b in pairwise(sizes))
        for layer in self.layers if not residual else ():  # so that depth alone does not silence the net
            nn.init.kaiming_normal_(layer.linear.weight, nonlinearity="relu")
        self.residual = residual

    def forward(self, x, adjacency):
        for layer in self.layers[:-1]:
            out = layer(x, adjacency).relu()
            x = out + x if self.residual and out.shape == x.shape else out
        return self.layers[-1](x, adjacency)


def trained(depth, adjacency, residual=False, seeds=3):  # accuracy on the others, and loss on the two leaders
    found, losses = [], []
    for seed in range(seeds):
        torch.manual_seed(seed)
        net = GCN(depth, residual)
        optimizer = torch.optim.Adam(net.parameters(), 0.01)
        for _ in range(60):
            loss = F.cross_entropy(net(features, adjacency)[leaders], faction[leaders])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            guess = net(features, adjacency).argmax(1)
        found.append((guess == faction)[others].float().mean().item())
        losses.append(loss.item())
    shares = ", ".join(f"{share:.0%}" for share in found)
    print(f"{depth} layers, graph {adjacency is club}, shortcuts {residual}: {shares} right; loss {max(losses):.2f}")
    return found, losses


right, losses = trained(2, club)
lonely, lonely_losses = trained(2, nobody)  # the same without friendships
assert min(right) > 0.9 and max(lonely) < 0.75 and max(losses + lonely_losses) < 0.1, "the edges carry the labels"

# %% The order of the nodes does not matter
order = torch.randperm(34)
place = order.argsort()  # where each node has gone
shuffled = normalised_adjacency(place[edges], 34)
net = GCN(2)
close(net(features[order], shuffled), net(features, club)[order])
assert not torch.equal(shuffled.to_dense(), club.to_dense())

# %% More layers are not better: averages of averages become alike
values, vectors = torch.linalg.eigh(club.to_dense().double())
limit = vectors[:, -1:] @ vectors[:, -1:].mT  # what remains after many steps; its rows differ by a factor alone
start, rest = torch.randn(34, 8, dtype=torch.double), {}
for k in (1, 4, 16, 64):
    smoothed = torch.linalg.matrix_power(club.to_dense().double(), k) @ start
    rest[k] = ((smoothed - limit @ start).norm() / smoothed.norm()).item()
print("what still tells nodes apart after k averages:", {k: f"{share:.1%}" for k, share in rest.items()})
close(values[-1], torch.ones_like(values[-1]))
assert rest[1] > 0.7 and rest[64] < 0.01 and abs((rest[64] / rest[16]) / values[-2].item() ** 48 - 1) < 0.3
split = (vectors[:, -2] > 0) == (vectors[0, -2] > 0)  # the direction that fades last
print(f"the direction that fades last (by {values[-2]:.2f} a step) has {(split == (faction == 0)).sum()} of 34 right")
assert (split == (faction == 0)).sum() >= 31


(deep, deep_losses), (_, alone), (bridged, _) = (
    trained(24, club, seeds=2), trained(24, nobody, seeds=2), trained(24, club, residual=True, seeds=2)
)  # fmt: skip
assert max(alone) < 0.1 < 0.2 < min(deep_losses), "without averaging, 24 layers do learn the two labels"
assert max(deep) < 0.75 and max(bridged) > 0.85, "shortcuts keep what the averages lose"

# %% Several graphs at once: one block for each, and a mean over its nodes
pair = torch.cat([path, torch.tensor([[0], [1]]) + 4], 1)  # the path's four nodes, then two joined ones
member = torch.tensor([0, 0, 0, 0, 1, 1])  # of which graph each node is
x = torch.randn(6, 5)
together = layer(x, normalised_adjacency(pair, 6))  # (6, 3)
close(together[:4], layer(x[:4], small))
pooled = torch.zeros(2, 3).index_add(0, member, together) / member.bincount()[:, None]  # (graphs, 3)
close(pooled, torch.stack([together[:4].mean(0), together[4:].mean(0)]))
try:
    torch.sparse_coo_tensor(torch.tensor([[0, 5], [5, 0]]), torch.ones(2), (3, 3), check_invariants=True)
    raise AssertionError("no error")
except RuntimeError as error:
    assert "size is inconsistent with indices: for dim 0, size is 3 but found index 5" in str(error)
