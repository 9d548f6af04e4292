"""Sound: files, features, rooms made up, folders of utterances."""
