# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""An actor-critic makes an action likelier by how much more it earned than the critic expected in that state."""

import os

import torch
from torch import nn
from torch.distributions import Categorical, Uniform
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # the tensors are tiny: more threads would wait for each other
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
POLES, STEPS, LIMIT, GAMMA, LAM = 32, 32, 500, 0.99, 0.95


# %% In short
class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor, self.critic = (nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, n)) for n in (2, 1))

    def forward(self, state):  # (..., 4) -> a policy over two actions, and the return expected from here on (...)
        return Categorical(logits=self.actor(state)), self.critic(state).squeeze(-1)


def update(net, optimizer, batch, passes=1, clip=0.2):
    state, action, old_log_prob, reward, after, fell, cut = batch  # (T, N, ...), by the policy that acted
    value, next_value = (net.critic(x).squeeze(-1).detach() for x in (state, after))  # (T, N), numbers to aim at
    advantage = reward + GAMMA * next_value * ~fell - value  # the TD errors; stopped by the clock, more would follow
    for t in reversed(range(len(reward) - 1)):
        advantage[t] += GAMMA * LAM * advantage[t + 1] * ~(fell | cut)[t]
    weight = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    for _ in range(passes):  # one pass is A2C, several are PPO
        policy, guess = net(state)
        gain = torch.min((policy.log_prob(action) - old_log_prob).exp() * weight, weight + clip * weight.abs())
        loss = 0.5 * F.mse_loss(guess, advantage + value) - (gain + 0.01 * policy.entropy()).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        optimizer.step()


# %% Advantages; done[t] is True where the episode ended with the action of step t
def advantages(reward, value, last_value, done, gamma, lam):  # (T, N), (T, N), (N,), (T, N) -> (T, N)
    # hole: advantages
    following = torch.cat([value[1:], last_value[None]])  # (T, N), of the state that each step led to
    advantage = reward + gamma * following * ~done - value  # the TD errors
    for t in reversed(range(len(reward) - 1)):
        advantage[t] += gamma * lam * advantage[t + 1] * ~done[t]
    return advantage
    # end


reward, value = torch.tensor([[[1.0], [2], [3], [4]], [[4], [2], [6], [2]]], device=device).expand(2, 4, 2)
done, last = torch.tensor([[0, 0], [1, 0], [0, 0], [0, 1]], device=device).bool(), value.new_tensor([8, 1000])
for lam, by_hand in (
    (0.0, [[-2, -2], [0, 3], [-2, -2], [6, 2.0]]),  # the TD error: 1 + 2/2 - 4; 2 - 2, for it ended; 3 + 2/2 - 6
    (1.0, [[-2, -0.75], [0, 2.5], [1, -1], [6, 2]]),  # return less value: 1 + 2/2 - 4; 2 - 2; 3 + 4/2 + 8/4 - 6
    (0.5, [[-2, -1.34375], [0, 2.625], [-0.5, -1.5], [6, 2]]),
):
    torch.testing.assert_close(advantages(reward, value, last, done, 0.5, lam), value.new_tensor(by_hand))


# %% The policy's loss: beyond 1 - clip and 1 + clip the ratio to the policy that acted earns nothing more
def ppo_clip(log_prob, old_log_prob, advantage, clip):
    # hole: ppo-clip
    ratio, advantage = (log_prob - old_log_prob.detach()).exp(), advantage.detach()
    return -torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()
    # end


new = torch.tensor([[1.5, 0.5, 1.0]] * 2, device=device).log().sub(2).requires_grad_()
old, gain = torch.full_like(new, -2).requires_grad_(), new.new_tensor([[3.0] * 3, [-3.0] * 3]).requires_grad_()
torch.testing.assert_close(ppo_clip(new, old, gain, 0.2).item(), -(3.6 + 1.5 + 3 - 4.5 - 2.4 - 3) / 6)
slope, *others = torch.autograd.grad(ppo_clip(new, old, gain, 0.2), (new, old, gain), allow_unused=True)
assert slope.mul(6).allclose(new.new_tensor([[0, -1.5, -3], [4.5, 0, 3]])) and others == [None, None]


# %% No critic: the answers to one question are compared with each other
def group_advantages(reward, eps=1e-4):  # (groups, answers) -> (groups, answers)
    # hole: group-advantages
    centred = reward - reward.mean(dim=1, keepdim=True)
    return centred / (reward.std(dim=1, correction=0, keepdim=True) + eps)
    # end


rewards = torch.tensor([[2.0, 4, 4, 10], [6, 6, 6, 6]], device=device)  # of means 5 and 6, deviations 3 and 0
torch.testing.assert_close(group_advantages(rewards, 1), rewards.new_tensor([[-0.75, -0.25, -0.25, 1.25], [0] * 4]))
assert (group_advantages(rewards[:, :1]) == 0).all(), "one answer has nothing to be compared with"


# %% A cart-pole with Gym's constants, many poles at once
def physics(state, action):  # (N, 4), (N,) -> (N, 4), one Euler step of 0.02 s
    (_, speed, _, spin), sin, cos = state.unbind(-1), state[..., 2].sin(), state[..., 2].cos()
    push = (20 * action - 10 + 0.05 * spin**2 * sin) / 1.1
    turn = (9.8 * sin - cos * push) / (0.5 * (4 / 3 - 0.1 * cos**2 / 1.1))
    return state + 0.02 * torch.stack([speed, push - 0.05 * turn * cos / 1.1, spin, turn], -1)


starts = Uniform(torch.full((4,), -0.05, device=device), 0.05)  # where Gym's episodes begin
state, action = torch.randn(50, 4, device=device).double().requires_grad_(), torch.arange(50, device=device) % 2
speed, angle, spin = state.unbind(-1)[1:]
energy = 0.55 * speed**2 + 0.05 * speed * spin * angle.cos() + spin**2 / 60 + 0.49 * angle.cos()
power = (torch.autograd.grad(energy.sum(), state)[0] * (physics(state, action) - state) / 0.02).sum(-1)
torch.testing.assert_close(power, (20 * action - 10) * speed, msg="energy comes from the force on the cart alone")


@torch.no_grad()
def rollout(net, state, age, steps):
    rows, bounds = [], torch.tensor([2.4, torch.inf, torch.pi / 15, torch.inf], device=device)  # 12 degrees
    for _ in range(steps):
        action = Categorical(logits=net.actor(state), validate_args=False).sample()  # harmless: checked once, below
        after = physics(state, action)
        fell = (after.abs() > bounds).any(-1)
        cut = (age + 1 == LIMIT) & ~fell  # harmless: hardly anyone falls in the very last step
        rows.append((state, action, torch.ones_like(age), after, fell, cut))
        state = torch.where((fell | cut)[:, None], starts.sample((len(state),)), after)  # the next episode
        age = (age + 1) * ~(fell | cut)
    states, actions, *others = (torch.stack(column) for column in zip(*rows, strict=True))  # (T, N, ...) each
    return [states, actions, net(states)[0].log_prob(actions), *others], state, age


# %% What a rollout holds, and the gradient of an update
net, actor = ActorCritic().to(device), ActorCritic().to(device)  # ratios of the one to the other are not 1
nn.init.normal_(net.critic[2].weight, std=3.0).grad = torch.ones(1, 32, device=device)  # harmless: any, of before
batch, _, age = rollout(actor, starts.sample((POLES,)), torch.full((POLES,), LIMIT - 5.0, device=device), STEPS)
states, actions, old, reward, after, fell, cut = batch
over = (fell | cut)[:-1]
assert cut[4].all() and cut.sum() == POLES and fell.sum() > POLES / 2 and age.max() <= STEPS - 5 > age.min()
assert states[1:][over].abs().max() <= 0.05 and torch.equal(states[1:][~over], after[:-1][~over])
assert torch.equal(fell, (after[..., 0].abs() > 2.4) | (after[..., 2].abs() * 180 > 12 * torch.pi))
(policy, guess), later = net(states), net(after)[1].detach()
gain = advantages(reward + GAMMA * later * cut, guess.detach(), later[-1], fell | cut, GAMMA, LAM)
loss = ppo_clip(policy.log_prob(actions), old, (gain - gain.mean()) / gain.std(), 0.05)
loss = loss + (guess - guess.detach() - gain).square().mean() / 2 - policy.entropy().mean() / 100
wanted = nn.utils.parameters_to_vector(torch.autograd.grad(loss, [*net.parameters()]))
update(net, torch.optim.SGD(net.parameters()), batch, clip=0.05)
got = nn.utils.parameters_to_vector([parameter.grad for parameter in net.parameters()])
torch.testing.assert_close(got, 0.5 * wanted / wanted.norm(), rtol=1e-4, atol=1e-7)


# %% Training, and each part left out
def train(passes, learn):
    torch.manual_seed(0)
    net, drift, state = ActorCritic().to(device), 0.0, starts.sample((POLES,))
    optimizer, age = torch.optim.Adam(net.parameters(), lr=0.03, fused=True), torch.zeros(POLES, device=device)
    for _ in range(20):
        batch, state, age = rollout(net, state, age, STEPS)  # play on with the policy as it is now
        for _ in range(passes):
            learn(net, optimizer, batch)
        drift += (batch[2] - net(batch[0])[0].log_prob(batch[1])).mean().item() / 20  # from the policy that acted
    *_, fell, cut = rollout(net, starts.sample((100,)), torch.zeros(100, device=device), LIMIT)[0]
    return ((fell | cut).int().argmax(0) + 1).float().mean().item(), drift  # harmless: a step more or less


scores, drifts = {}, {}
for name, passes, learn in (
    ("untrained", 0, update),
    ("A2C", 1, update),
    ("no ends", 1, lambda n, o, b: update(n, o, [*b[:4], torch.cat([b[0][1:], b[4][-1:]]), *2 * [b[5] ^ b[5]]])),
    ("PPO", 1, lambda *args: update(*args, 12)),
    ("PPO, no critic", 1, lambda n, o, b: [*map(nn.init.zeros_, n.critic[2].parameters()), update(n, o, b, 12)]),
    ("PPO, no clip", 1, lambda *args: update(*args, 12, clip=1e9)),
    ("imitation", 12, lambda n, o, b: [o.zero_grad(), F.cross_entropy(n.actor(b[0]).mT, b[1]).backward(), o.step()]),
):
    scores[name], drifts[name] = train(passes, learn)
    print(f"{name}: mean return {scores[name]:.0f}, drift {drifts[name]:.3f}")
assert 15 < scores["untrained"] < 30 and scores["A2C"] > 80 and 200 < scores["PPO"] <= LIMIT
assert max(scores["no ends"], scores["imitation"]) < 70 and drifts["imitation"] < 0, "no pole stands longer"
assert scores["PPO, no critic"] < scores["PPO"], "a critic that expects 0 everywhere says less"
assert 0 < 10 * drifts["PPO"] < min(1, drifts["PPO, no clip"]), "the clip holds it back"
