# Makes pytorch.json: the scores of every criterion on the network of src/testing/scored-network.ts, by PyTorch in float64, from the formulas. Made with PyTorch 2.13.
#   python3 src/prune/criteria/pytorch.py > src/prune/criteria/pytorch.json
import json
import math

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
count, classes = 6, 3


def numbers(k, *shape, scale=1.0, shift=0.0):
    """As there: rounded to float32."""
    n = math.prod(shape)
    values = [shift + scale * math.sin(1 + 0.7 * k + (2.3 + 0.11 * k) * i + 0.013 * i * i) for i in range(n)]
    return torch.tensor(values, dtype=torch.float32).double().reshape(shape)


shapes = {
    'c1': (8, 3, 3, 3),
    'c2': (8, 8, 3, 3),
    'dw': (8, 1, 3, 3),
    'p': (6, 8, 1, 1),
    'q': (6, 8, 1, 1),
    'm': (8, 12, 1, 1),
    'g': (8, 4, 3, 3),
    'h': (8, 4, 1, 1),
    't': (8, 4, 2, 2),
    'f1': (6, 4),
    'f2': (3, 6),
}
W = {n: numbers(k, *s, scale=(6 if n[0] == 'f' else 1.5) / math.sqrt(math.prod(s[1:]))) for k, (n, s) in enumerate(shapes.items())}
norms = ['c1', 'c2', 'dw', 'p', 'm', 't']
BN = {
    n: {
        'scale': numbers(20 + k, shapes[n][0], scale=0.5, shift=1.1),
        'shift': numbers(30 + k, shapes[n][0], scale=0.3, shift=0.2),
        'mean': numbers(40 + k, shapes[n][0], scale=0.1),
        'var': numbers(50 + k, shapes[n][0], scale=0.3, shift=0.8),
    }
    for k, n in enumerate(norms)
}
B = {n: numbers(60 + k, o, scale=0.2, shift=0.1) for k, (n, o) in enumerate({'q': 6, 'g': 8, 'h': 8, 'f1': 6, 'f2': 3}.items())}
images = numbers(70, count, 3, 8, 8)
labels = torch.tensor([i % classes for i in range(count)])


def network(x, w, act):
    def bn(n, v):
        b = BN[n]
        s = b['scale'] / torch.sqrt(b['var'] + 1e-5)
        return (v - b['mean'][:, None, None]) * s[:, None, None] + b['shift'][:, None, None]

    def seen(n, v):
        if v.requires_grad:
            v.retain_grad()
        act[n] = v
        return v

    a1 = seen('c1', F.relu(bn('c1', F.conv2d(x, w['c1'], padding=1))))
    b2 = seen('c2', bn('c2', F.conv2d(a1, w['c2'], padding=1)))
    r = F.relu(b2 + a1)
    d = seen('dw', F.relu(bn('dw', F.conv2d(r, w['dw'], padding=1, groups=8))))
    p = seen('p', F.relu(bn('p', F.conv2d(d, w['p']))))
    q = seen('q', F.relu(F.conv2d(d, w['q'], B['q'])))
    m = seen('m', F.relu(bn('m', F.conv2d(torch.cat([p, q], 1), w['m'], stride=2))))
    g = seen('g', F.relu(F.conv2d(m, w['g'], B['g'], padding=1, groups=2)))
    s = g.unflatten(1, (2, 4)).transpose(1, 2).flatten(1, 2)
    h = seen('h', F.relu(F.conv2d(s, w['h'], B['h'], groups=2)))
    t = seen('t', F.relu(bn('t', F.conv_transpose2d(h, w['t'], stride=2, groups=2))))
    e = t[:, :4] + t[:, 4:]
    f = e.mean((2, 3))
    act['inputs'] = {'c2': a1, 'p': d, 'q': d, 'm': torch.cat([p, q], 1), 'g': m, 'h': s, 't': h, 'f1': f}
    f = seen('f1', F.relu(F.linear(f, w['f1'], B['f1'])))
    act['inputs']['f2'] = f
    return F.linear(f, w['f2'], B['f2'])


def made(n, v):
    """Rows of a tensor like the weight of n, by output channel."""
    if n == 't':  # [inputs, outputs of a block, 2, 2], two blocks of four inputs
        return torch.stack([v[4 * (c // 4) : 4 * (c // 4) + 4, c % 4].flatten() for c in range(8)])
    return v.flatten(1)


def reads(n, v):
    """By input channel."""
    if n in ('g', 'h'):
        return torch.stack([v[4 * (c // 4) : 4 * (c // 4) + 4, c % 4].flatten() for c in range(8)])
    return v.flatten(1) if n == 't' else v.transpose(0, 1).flatten(1)


same = list(range(8))
shuffled = [c % 2 * 4 + c // 2 for c in range(8)]  # channel c of h's input is this one of g
folded = [0, 1, 2, 3, 0, 1, 2, 3]
six = list(range(6))
groups = {
    'c1': {'makers': {'c1': same, 'c2': same, 'dw': same}, 'readers': {'c2': same, 'p': same, 'q': same}},
    'p': {'makers': {'p': six}, 'readers': {'m': six + [-1] * 6}},
    'q': {'makers': {'q': six}, 'readers': {'m': [-1] * 6 + six}},
    'm': {'makers': {'m': same}, 'readers': {'g': same}},
    'g': {'makers': {'g': same}, 'readers': {'h': shuffled}},
    'h': {'makers': {'h': same}, 'readers': {'t': same}},
    't': {'makers': {'t': folded}, 'readers': {'f1': [0, 1, 2, 3]}},
    'f1': {'makers': {'f1': six}, 'readers': {'f2': six}},
}
sizes = {'c1': 8, 'p': 6, 'q': 6, 'm': 8, 'g': 8, 'h': 8, 't': 4, 'f1': 6}


def spread(values, of, size):
    sums, counts = torch.zeros(size), torch.zeros(size)
    for i, c in enumerate(of):
        if c >= 0:
            sums[c] += values[i]
            counts[c] += 1
    return sums, counts


def combined(score, kind='makers', by_mean=True):
    """Each member's divided by their mean; the mean over members."""
    out = {}
    for name, group in groups.items():
        sums, counts = torch.zeros(sizes[name]), torch.zeros(sizes[name])
        for n, of in group[kind].items():
            v = score(n)
            s, c = spread(v / v.mean() if by_mean else v, of, sizes[name])
            sums, counts = sums + s, counts + c
        out[name] = sums / counts
    return out


def summed(score, kind='makers'):
    out = {}
    for name, group in groups.items():
        out[name] = sum(spread(score(n), of, sizes[name])[0] for n, of in group[kind].items())
    return out


def loss(w, x=images, y=labels):
    return F.cross_entropy(network(x, w, {}), y)


norm = lambda n: made(n, W[n]).norm(dim=1)
scores = {}
scores['l1'] = combined(lambda n: made(n, W[n]).abs().sum(1))
scores['l2'] = combined(norm)
scores['inverse-l2'] = {k: -v for k, v in scores['l2'].items()}
writes = summed(lambda n: made(n, W[n]).square().sum(1))
reading = summed(lambda n: reads(n, W[n]).square().sum(1), 'readers')
gammas = summed(lambda n: BN[n]['scale'].square() if n in BN else torch.zeros(len(made(n, W[n]))))
scores['group-l2'] = {k: torch.sqrt(writes[k] + reading[k] + gammas[k]) for k in groups}
scores['group-l2'] = {k: v / v.mean() for k, v in scores['group-l2'].items()}
scale = combined(lambda n: BN[n]['scale'].abs() if n in BN else torch.ones(len(made(n, W[n]))))
scores['bn-scale'] = {k: scale[k] for k in ('c1', 'p', 'm', 't')}
scores['fpgm'] = combined(lambda n: torch.cdist(made(n, W[n]), made(n, W[n]), compute_mode='donot_use_mm_for_euclid_dist').sum(1))


def lamp(n):
    s = norm(n).square()
    return torch.stack([s[c] / s[s >= s[c]].sum() for c in range(len(s))])


scores['lamp'] = combined(lamp, by_mean=False)

act = {}
with torch.no_grad():
    network(images, W, act)
axes = lambda a: [i for i in range(a.dim()) if i != 1]
scores['wanda'] = combined(
    lambda n: reads(n, W[n]).abs().sum(1) * act['inputs'][n].square().sum(axes(act['inputs'][n])).sqrt(), 'readers'
)
scores['apoz'] = combined(lambda n: 1 - (act[n] == 0).double().mean(axes(act[n])))
scores['mean-activation'] = combined(lambda n: act[n].abs().mean(axes(act[n])))
plane = lambda a: a if a.dim() == 4 else a[:, :, None, None]
scores['hrank'] = combined(lambda n: torch.linalg.matrix_rank(plane(act[n]).float()).double().mean(0))


def chip(n):
    total = 0
    for image in plane(act[n]).flatten(2):
        whole = torch.linalg.matrix_norm(image, 'nuc')
        rest = [torch.cat([image[:c], image[c + 1 :]]) for c in range(len(image))]
        total = total + torch.stack([whole - torch.linalg.matrix_norm(r, 'nuc') for r in rest])
    return total / count


scores['chip'] = combined(chip)

w = {n: v.clone().requires_grad_() for n, v in W.items()}
loss(w).backward()
scores['taylor'] = {k: v.square() for k, v in summed(lambda n: made(n, (w[n] * w[n].grad).detach()).sum(1)).items()}

act = {}
w = {n: v.clone().requires_grad_() for n, v in W.items()}
F.cross_entropy(network(images, w, act), labels, reduction='sum').backward()  # each image's own loss
product = {n: (act[n] * act[n].grad).detach() for n in shapes if n != 'f2'}
scores['taylor-activation'] = combined(lambda n: product[n].mean(axes(product[n])).abs())
per_image = {n: plane(v).sum((2, 3)) for n, v in product.items()}
scores['fisher'] = {}
for name, group in groups.items():
    each = torch.stack([sum(spread(per_image[n][i], of, sizes[name])[0] for n, of in group['makers'].items()) for i in range(count)])
    scores['fisher'][name] = each.square().sum(0)
# MACs and bytes of the layers around a channel, in proportion.
positions = {'c1': 64, 'c2': 64, 'dw': 64, 'p': 64, 'q': 64, 'm': 16, 'g': 16, 'h': 16, 't': 16, 'f1': 1, 'f2': 1}
even = lambda rows, total: torch.full((len(rows),), float(total)) / len(rows)
for cost, of in (('macs', lambda n: positions[n] * W[n].numel()), ('bytes', lambda n: 4 * W[n].numel())):
    m1 = summed(lambda n: even(made(n, W[n]), of(n)))
    m2 = summed(lambda n: even(reads(n, W[n]), of(n)), 'readers')
    extra = summed(lambda n: torch.full((len(made(n, W[n])),), 4.0 if cost == 'bytes' and n in BN else 0.0))
    scores[f'fisher-{cost}'] = {k: scores['fisher'][k] / (m1[k] + m2[k] + extra[k]) for k in groups}

squares = {n: torch.zeros_like(v) for n, v in W.items()}
for i in range(count):
    w = {n: v.clone().requires_grad_() for n, v in W.items()}
    loss(w, images[i : i + 1], labels[i : i + 1]).backward()
    for n in W:
        squares[n] += w[n].grad.square() / count
scores['obd'] = summed(lambda n: made(n, W[n].square() * squares[n]).sum(1))


def without(name, c, value):
    w = {n: v.clone() for n, v in W.items()}
    for kind, rows in (('makers', made), ('readers', reads)):
        for n, of in groups[name][kind].items():
            places = rows(n, torch.arange(W[n].numel()).reshape(W[n].shape))
            for i, channel in enumerate(of):
                if channel == c:
                    w[n].view(-1)[places[i]] = 0
    return value(w)


with torch.no_grad():
    before, y0 = loss(W), network(images, W, {})
    scores['oracle'] = {k: torch.stack([without(k, c, loss) - before for c in range(n)]) for k, n in sizes.items()}
    far = lambda w: (network(images, w, {}) - y0).square().sum() / count
    scores['oracle of outputs'] = {k: torch.stack([without(k, c, far) for c in range(n)]) for k, n in sizes.items()}

print(json.dumps({c: {g: [float(f'{x:.10g}') for x in v] for g, v in s.items()} for c, s in scores.items()}))
