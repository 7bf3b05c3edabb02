"""Pictures: a sentence from each, of scenes drawn as needed, or of files that people have."""

from lstmjax.tasks.pictures.captions import Captions as Captions
from lstmjax.tasks.pictures.scenes import Scenes as Scenes
