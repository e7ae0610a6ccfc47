package main

import (
	"context"
	"fmt"
	"os"

	"mslora/dataset"
)

// standardInput puts standard input, if path is "-", into a temporary file, since files are looked at before they are read, and
// puts that file's path in its place. remove removes the file.
func standardInput(ctx context.Context, path *string) (remove func(), err error) {
	if *path != "-" {
		return func() {}, nil
	}
	spooled, remove, err := dataset.Spool(interruptible{ctx, os.Stdin})
	if err != nil {
		return remove, fmt.Errorf("standard input: %w", err)
	}
	*path = spooled
	return remove, nil
}
