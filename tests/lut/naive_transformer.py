"""The published transformer and its training in plain Python floats, loop by loop; shares nothing with the library."""

import math

from . import naive


class NaiveTransformer:
    def __init__(self, settings, arrays):
        self.s = settings
        self.a = {
            name: array.astype(float).tolist() for name, array in arrays.items() if "anchors" not in name
        }
        self.anchors = {name: array for name, array in arrays.items() if "anchors" in name}
        for k, layer in enumerate(arrays["positions"]):  # distance d at place d
            self.a["positions"][k] = layer[:, : settings.context].T[::-1].tolist()

    def step(self, tokens, rate):
        """One step; the loss of the last position before it, and the mean over all."""
        s, n = self.s, self.s.latencies
        z = [list(self.a["embedding"][t][:n]) for t in tokens[: s.context]]
        before = []
        for k in range(s.layers):
            x = [list(each) for each in z]
            for i in range(s.heads * s.tables):
                for m in range(s.context):
                    for j in range(m):
                        row = self.a["tables"][k][i][self.row(k, i, x, m, j)[0]]
                        z[m] = [total + entry for total, entry in zip(z[m], row, strict=False)]
            middle = [list(each) for each in z]
            if s.feed_forward:
                for m in range(s.context):
                    z[m] = self.read("forward", k, middle[m], z[m])
            before.append((x, middle))
        losses, grads = [], []
        for m in range(s.context):
            logits = self.read("readout", None, z[m], [0.0] * 256)
            top = max(logits)
            powers = [math.exp(logit - top) for logit in logits]
            losses.append(math.log(sum(powers)) + top - logits[tokens[m + 1]])
            grads.append([power / sum(powers) for power in powers])
            grads[m][tokens[m + 1]] -= 1.0
        grad = [self.learn("readout", None, z[m], grads[m], [0.0] * n, rate) for m in range(s.context)]
        for k in reversed(range(s.layers)):
            x, middle = before[k]
            if s.feed_forward:
                grad = [self.learn("forward", k, middle[m], grad[m], grad[m], rate) for m in range(s.context)]
            grad = self.learn_attention(k, x, grad, rate)
        if s.train_embedding:
            for m in range(s.context):
                for o in range(n):
                    self.a["embedding"][tokens[m]][o] -= rate * grad[m][o]
        return losses[-1], sum(losses) / len(losses)

    def index(self, name, k, i, x):
        anchors = self.anchors[name][i : i + 1] if k is None else self.anchors[name][k][i : i + 1]
        rows, nearest = naive.index_and_nearest(anchors, x)
        a, b = anchors[0][nearest[0]]
        return rows[0], nearest[0], x[a] - x[b], int(a), int(b)

    def row(self, k, i, x, m, j):
        parts = [
            self.index("query_anchors", k, i, x[m]),
            self.index("key_anchors", k, i, x[j]),
            self.index("place_anchors", k, i, self.a["positions"][k][m - j]),
        ]
        c, p = self.s.comparisons, self.s.place_bits
        shifts = [c + p, p, 0]
        return sum(part[0] << shift for part, shift in zip(parts, shifts, strict=True)), parts, shifts

    def layer(self, name, k):
        tables = self.a[f"{name}_tables"] if k is None else self.a[f"{name}_tables"][k]
        return f"{name}_anchors", tables

    def read(self, name, k, x, start):
        anchors, tables = self.layer(name, k)
        for i, table in enumerate(tables):
            row = table[self.index(anchors, k, i, x)[0]]
            start = [total + entry for total, entry in zip(start, row, strict=False)]
        return start

    def learn(self, name, k, x, grad_y, start, rate):
        anchors, tables = self.layer(name, k)
        grad_x, grad_y = list(start), list(grad_y)
        for i, table in enumerate(tables):
            row, r, u, a, b = self.index(anchors, k, i, x)
            g = sum(
                y * (there - here)
                for y, there, here in zip(grad_y, table[row ^ 2**r], table[row], strict=False)
            )
            grad_x[a] += g * naive.uncertainty_slope(u)
            grad_x[b] -= g * naive.uncertainty_slope(u)
            for o, y in enumerate(grad_y):
                table[row][o] -= rate * y
        return grad_x

    def learn_attention(self, k, x, grad_y, rate):
        s = self.s
        grad_x = [list(each) for each in grad_y]
        moves = []
        for i in range(s.heads * s.tables):
            table = self.a["tables"][k][i]
            for m in range(s.context):
                for j in range(m):
                    row, parts, shifts = self.row(k, i, x, m, j)
                    near = [abs(part[2]) for part in parts]
                    which = 0 if near[0] < near[1] else 1
                    changed = [which, 2] if near[2] < near[0] and near[2] < near[1] else [which]
                    for part in changed:
                        _, r, u, a, b = parts[part]
                        there = table[row ^ (1 << (r + shifts[part]))]
                        g = sum(y * (t - h) for y, t, h in zip(grad_y[m], there, table[row], strict=False))
                        amount = g * naive.uncertainty_slope(u)
                        if part == 2:
                            moves.append((m - j, a, b, amount))
                        else:
                            grad_x[m if part == 0 else j][a] += amount
                            grad_x[m if part == 0 else j][b] -= amount
                    for o, y in enumerate(grad_y[m]):
                        table[row][o] -= rate * y
        for d, a, b, amount in moves:
            self.a["positions"][k][d][a] -= rate * amount
            if s.places == "order":
                self.a["positions"][k][d][b] += rate * amount
        return grad_x
