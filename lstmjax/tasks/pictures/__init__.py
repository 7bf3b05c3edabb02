"""Pictures: sentences and videos, drawn as needed, or of files that people have."""

from lstmjax.tasks.pictures.captions import Captions as Captions
from lstmjax.tasks.pictures.moving_digits import MovingDigits as MovingDigits
from lstmjax.tasks.pictures.scenes import Scenes as Scenes
