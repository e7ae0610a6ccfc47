package ortrain

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Records is for hooks that keep a file of records, one after the other, each of a step. A hook embeds it and calls Append. However
// often a run is interrupted, the file ends with the records of an uninterrupted one. Of JSON lines it is Lines.
type Records struct {
	NoHook
	Path string
	// UpTo gives the length of the records up to a step, without one at the end that is not whole.
	UpTo func(data []byte, step int) (length int, err error)
}

// Append adds a record, of a step not before the last one's. It is on the disk when Append returns, so no checkpoint is ahead of the
// file.
func (r *Records) Append(record []byte) error {
	file, err := os.OpenFile(r.Path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(record)
	return errors.Join(err, file.Sync(), file.Close())
}

// Begin cuts the records of steps that the run will do again, and one that a killed program left half written.
func (r *Records) Begin(run *Run) error {
	data, err := os.ReadFile(r.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	kept, err := r.UpTo(data, run.Step())
	if err != nil {
		return fmt.Errorf("%s: %w", r.Path, err)
	}
	if kept == len(data) {
		return nil
	}
	return os.Truncate(r.Path, int64(kept))
}
