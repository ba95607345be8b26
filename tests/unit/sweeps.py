"""Data sets of sweeps, made point by point, and synthetic ones whose truth is known."""

import itertools

import numpy as np
import xarray as xr

import athermal as at


def columns(ledger):
    """The columns of a run: of each cycle, and since the start."""
    cumulative = ledger.cumulative.rename({name: f"cumulative_{name}" for name in ledger.cumulative.data_vars})
    return ledger.cycles.assign(cumulative.data_vars).drop_vars(["time", "temperature"])


def blank(like):
    """The columns of a point that failed."""
    empty = {"f": np.nan, "i": 0, "b": False, "U": "", "O": ""}
    return like.map(lambda array: xr.full_like(array, empty[array.dtype.kind]), keep_attrs=True)


def grid(machine, axes, *, cycles, initial=None, fails=()):
    """The data set of a sweep over a grid; `fails` are the indices of points that count as failed."""
    names = list(axes)
    points = [dict(zip(names, values, strict=True)) for values in itertools.product(*axes.values())]
    runs = []
    for point in points:
        start = initial(**point) if callable(initial) else initial
        arguments = {name: value for name, value in point.items() if not name.startswith("initial.")}
        runs.append(columns(at.run(machine(**arguments), cycles=cycles, initial=start)))
    runs = [blank(run) if k in fails else run for k, run in enumerate(runs)]
    shape = tuple(len(values) for values in axes.values())

    def whole(name):
        array = np.stack([run[name].values for run in runs])
        return (*names, *runs[0][name].dims), array.reshape(*shape, *array.shape[1:])

    status = np.array(["failed" if k in fails else "complete" for k in range(len(points))])
    data = xr.Dataset({name: whole(name) for name in runs[0].data_vars}, coords={**runs[0].coords, **axes})
    return data.assign(status=(names, status.reshape(shape))).assign_attrs(parameters=names)


def listed(data):
    """The same points as a table or a sample has them: one dimension, `point`."""
    names = list(data.attrs["parameters"])
    flat = data.stack(point=names).transpose("point", ...)
    values = {name: ("point", flat[name].values) for name in names}
    flat = flat.drop_vars(["point", *names])
    return flat.assign_coords(point=np.arange(flat.sizes["point"]), **values).assign_attrs(parameters=names)


def synthetic(axes, efficiency, *, carnot=0.5, athermal=None, mode="engine", power=1.0, status="complete"):
    """A sweep of one cycle with values of one's own: functions of the parameters, or numbers."""
    names = list(axes)
    mesh = dict(zip(names, np.meshgrid(*[np.asarray(values) for values in axes.values()], indexing="ij"), strict=True))
    shape = next(iter(mesh.values())).shape

    def over(value):
        values = value(**mesh) if callable(value) else value
        return np.broadcast_to(np.asarray(values), shape)

    states, modes = over(status), over(mode)
    ran = states == "complete"
    eta = np.where(ran, over(efficiency), np.nan)
    output = np.where(np.isin(modes, ["engine", "discharge", "reverse engine"]), over(power), -over(power))
    values = {
        "efficiency": eta,
        "carnot_efficiency": np.where(ran, over(carnot), np.nan),
        "work": np.where(ran, -output, np.nan),
        "power": np.where(ran, output, np.nan),
        "mode": np.where(ran, modes, ""),
        "is_athermal": ran & (over(athermal) if athermal is not None else eta > over(carnot)),
    }
    every = {name: ((*names, "cycle"), np.asarray(array)[..., None]) for name, array in values.items()}
    every |= {f"cumulative_{name}": pair for name, pair in every.items()}
    every["status"] = (names, states)
    return xr.Dataset(every, coords={**axes, "cycle": [1]}, attrs={"parameters": names})
