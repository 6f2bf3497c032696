"""Writes the recipe that is proposed for pictures."""

from synthserve_training.data.pictures.inspection.inspecting import PictureInspection
from synthserve_training.tables.toml import value

_STEPS = 4_000
"""Batches to train on: an hour for pictures of 64x64 on two cores. The first grids are there long before."""

_BATCH = 64
_LARGE = 48
"""From this side on, networks are proposed that are half as wide, and take a quarter of the time."""

_GRIDS = 50
"""How many sample files a training writes."""

_NARROW = ("generator_filters = [128, 64, 32]", "discriminator_filters = [32, 64]")

_FEW = 5_000
"""Of fewer pictures the discriminator would soon know each one."""

_AUGMENT = 'augment = ["colour", "translation", "cutout"]  # of what the discriminator sees, as the pictures are few'

_NOT_CHOSEN = "The labels are not learnt: which class comes cannot be chosen."


def recipe_toml(found: PictureInspection, model: str, labels: str | None = None) -> str:
    """Proposes a recipe, with comments for those who edit it.

    Args:
        found: What was understood of the pictures.
        model: The identifier of the model.
        labels: What the user said of labels; None: they were found out.
    """
    proposal = found.proposal
    batch = min(_BATCH, max(2, found.count // 2))
    epochs = max(1, round(_STEPS * batch / found.count))
    every = max(1, epochs // _GRIDS)
    colours = "in colours" if proposal.channels == "rgb" else "grey"
    size = f"{proposal.height}x{proposal.width}"
    side = str(proposal.height) if proposal.height == proposal.width else f"[{proposal.height}, {proposal.width}]"
    given = [f"labels = {value(labels)}"] if labels else []
    lines = [
        f"model = {value(model)}",
        "",
        "[dataset]",
        'kind = "pictures"',
        f"path = {value(found.address)}",
        *given,
        f"size = {side}  # {proposal.why['size']}",
        f'fit = "{proposal.fit}"  # or crop, pad, resize',
        f'channels = "{proposal.channels}"  # {proposal.why["channels"]}',
        f'background = "{proposal.background}"',
        "",
        "[preprocessing]",
        'kind = "image"',
        "horizontal_flips = false  # true: each picture counts mirrored, too; not for letters and digits",
        "",
        "[networks]",
        'kind = "dcgan"',
        *(_NARROW if max(proposal.height, proposal.width) >= _LARGE else ()),
        "",
        "[objective]",
        'kind = "gan"',
        *([_AUGMENT] if found.count < _FEW else ()),
        "",
        "[sampler]",
        'kind = "prior"',
        "",
        "[training]",
        f"epochs = {epochs}",
        f"batch_size = {batch}",
        "average_decay = 0.999",
        f"sample_every = {every}",
        f"checkpoint_every = {every}",
        "",
        "[export]",
        "batch_size = 16",
        "",
        "[card]",
        f"summary = {value(f'Pictures, {size}, {colours}, in the style of those that it has learnt')}",
        f"training_data = {value(f'{found.count:,} pictures of the user of this recipe')}",
        'training_data_license = "Not stated"',
        'license = "Not stated"',
        'intended_use = "Test pictures, demonstrations"',
        f"limits = [{value(_NOT_CHOSEN) if found.labels else ''}]",
        'privacy = ["No privacy guarantee was trained for. The report says how near samples are to pictures."]',
        "",
    ]
    return "\n".join(lines)
