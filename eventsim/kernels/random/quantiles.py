"""Numbers from distributions: one uniform per value, put through the quantile function.

Value number e of a stream is word e mod 4 of Philox block e div 4, so that it does not depend on what else is
drawn, in which order or how many at a time.
"""

import math

import numpy as np
from numba import uint64

from eventsim.kernels.jit import inner, kernel
from eventsim.kernels.random.philox import philox_block, to_unit

UNIFORM, NORMAL, TRUNCATED_NORMAL, LOGNORMAL, EXPONENTIAL = 0, 1, 2, 3, 4
_CHUNK = 4096  # values that stay in the first-level cache from their uniform number to their check


@inner
def _horner(x, c0, c1, c2, c3, c4, c5, c6, c7):
    return ((((((c7 * x + c6) * x + c5) * x + c4) * x + c3) * x + c2) * x + c1) * x + c0


@inner
def _central_quantile(q):
    """`normal_quantile` of 0.5 + q where |q| <= 0.425: no branch, so that loops over it become vector instructions."""
    r = 0.180625 - q * q
    a = _horner(r, 3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                3.3430575583588128105e4, 2.5090809287301226727e3)  # fmt: skip
    b = _horner(r, 1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
                2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
                5.2264952788528545610e3)  # fmt: skip
    return q * a / b


@inner
def _outer_quantile(p):
    """`normal_quantile` where |p - 0.5| > 0.425."""
    q = p - 0.5
    r = math.sqrt(-math.log(p if q < 0.0 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        a = _horner(r, 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
                    3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
                    2.27238449892691845833e-2, 7.74545014278341407640e-4)  # fmt: skip
        b = _horner(r, 1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
                    1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                    1.05075007164441684324e-9)  # fmt: skip
    else:
        r -= 5.0
        a = _horner(r, 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
                    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                    2.71155556874348757815e-5, 2.01033439929228813265e-7)  # fmt: skip
        b = _horner(r, 1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
                    7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
                    2.04426310338993978564e-15)  # fmt: skip
    return -a / b if q < 0.0 else a / b


@kernel
def normal_quantile(p):
    """The x with Phi(x) = p, 0 < p < 1, to about 1e-16 relative (Wichura 1988, algorithm AS 241, PPND16)."""
    q = p - 0.5
    return _central_quantile(q) if abs(q) <= 0.425 else _outer_quantile(p)


@inner
def _normal_quantiles(p_low, p_span, out):
    """Replace each u in `out` by `normal_quantile` of p_low + p_span * u; the few outer ones are noted, done last."""
    places, outer = np.empty(out.size, np.uint32), np.empty(out.size)
    n = 0
    for i in range(out.size):
        p = p_low + p_span * out[i]
        places[n], outer[n] = i, p
        n += abs(p - 0.5) > 0.425
    for i in range(out.size):
        out[i] = _central_quantile((p_low + p_span * out[i]) - 0.5)
    for k in range(n):
        out[places[k]] = _outer_quantile(outer[k])


@inner
def _fill_uniforms(key0, key1, first, out):
    """Write the uniform numbers first, first + 1, ... of a stream into out."""
    block, skipped = uint64(first) >> uint64(2), uint64(first) & uint64(3)
    i = uint64(0)
    if skipped > 0 or out.size < 4:
        words = philox_block(key0, key1, block, 0, 0, 0)
        for lane in range(skipped, min(uint64(4), skipped + uint64(out.size))):
            out[i] = to_unit(
                words[0] if lane == 0 else words[1] if lane == 1 else words[2] if lane == 2 else words[3]
            )
            i += uint64(1)
        block += uint64(1)
    for _ in range((uint64(out.size) - i) >> uint64(2)):
        words = philox_block(key0, key1, block, 0, 0, 0)
        out[i], out[i + uint64(1)] = to_unit(words[0]), to_unit(words[1])
        out[i + uint64(2)], out[i + uint64(3)] = to_unit(words[2]), to_unit(words[3])
        i += uint64(4)
        block += uint64(1)
    if i < out.size:
        words = philox_block(key0, key1, block, 0, 0, 0)
        out[i] = to_unit(words[0])
        if i + uint64(1) < out.size:
            out[i + uint64(1)] = to_unit(words[1])
        if i + uint64(2) < out.size:
            out[i + uint64(2)] = to_unit(words[2])


@inner
def _apply_quantile(kind, parameters, out):
    """Put uniform numbers through a quantile function in place.  parameters, (6,) float64, by kind:

    UNIFORM low, high; NORMAL and LOGNORMAL mean, std (of the logarithm); EXPONENTIAL low, scale;
    TRUNCATED_NORMAL mean, +-std, Phi at one end, Phi at the other, low, high (std < 0: mirrored, so that an
    interval in the upper tail is drawn from the lower one, where Phi keeps its relative precision).
    """
    a, b, p_low, p_high, low, high = parameters
    if kind == UNIFORM:
        for i in range(out.size):
            out[i] = a + (b - a) * out[i]
    elif kind == NORMAL:
        _normal_quantiles(0.0, 1.0, out)
        for i in range(out.size):
            out[i] = a + b * out[i]
    elif kind == TRUNCATED_NORMAL:
        _normal_quantiles(p_low, p_high - p_low, out)
        for i in range(out.size):
            out[i] = min(max(a + b * out[i], low), high)
    elif kind == LOGNORMAL:
        _normal_quantiles(0.0, 1.0, out)
        for i in range(out.size):
            out[i] = math.exp(a + b * out[i])
    else:
        for i in range(out.size):
            out[i] = a - b * math.log(out[i])


@kernel
def fill_draws(kind, parameters, key0, key1, first, bounds, out):
    """Write the values number first, first + 1, ... into out; returns the index in out of the first value
    that is not finite or not within bounds (lowest, highest), -1 if there is none."""
    lowest, highest = bounds
    for start in range(0, out.size, _CHUNK):
        part = out[start : start + _CHUNK]
        _fill_uniforms(key0, key1, first + uint64(start), part)
        _apply_quantile(kind, parameters, part)
        for i in range(part.size):
            if not (lowest <= part[i] <= highest and -math.inf < part[i] < math.inf):
                return start + i
    return -1
