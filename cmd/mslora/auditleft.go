package main

import (
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mslora/internal/atomicfile"
	"mslora/internal/filesum"
	"mslora/internal/hint"
	"mslora/internal/ownfolder"
)

// writeLeft writes the texts that are not suspected, in the order of the data and exactly as they are, for training.
func writeLeft(out io.Writer, texts int, text func(i int) (text, label string, suspected bool)) error {
	w := csv.NewWriter(out)
	w.Write([]string{"text", "label"})
	for i := range texts {
		if text, label, suspected := text(i); !suspected {
			w.Write([]string{text, label})
		}
	}
	w.Flush()
	return w.Error()
}

// checkCleanOut refuses a file that is an input, or that is there and is not the copy that the audit in Out made: nobody's
// own file is replaced.
func (o auditOptions) checkCleanOut() (replaces bool, err error) {
	if o.CleanOut == "" {
		return false, nil
	}
	if err := ownfolder.NotInput(o.CleanOut, o.Data, o.Clean); err != nil {
		return false, err
	}
	if !strings.EqualFold(filepath.Ext(o.CleanOut), ".csv") {
		return false, hint.New("for example --clean-out left.csv", "--clean-out %s does not end with .csv, and CSV is what it holds", o.CleanOut)
	}
	folder := filepath.Dir(o.CleanOut)
	info, err := os.Stat(folder)
	if err != nil || !info.IsDir() {
		return false, hint.New("make the folder, or name another", "--clean-out %s: there is no folder %s", o.CleanOut, folder)
	}
	if out, err := os.Stat(o.Out); err == nil && os.SameFile(info, out) {
		return false, hint.New("name a file elsewhere, or leave --clean-out out", "--clean-out %s lies in --out, which has %s anyway", o.CleanOut, leftFile)
	}
	left := filepath.Join(o.Out, leftFile)
	sum, err := filesum.Of(o.CleanOut)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if leftSum, err := filesum.Of(left); err != nil || sum != leftSum {
		return false, hint.New("give another --clean-out, or remove the file", "%s is there and is no copy of %s", o.CleanOut, left)
	}
	return true, nil
}

// leave writes the files of the audit, and then the copy of left.csv.
func (o auditOptions) leave(files ...written) error {
	err := writeFiles(o.Out, files...)
	if err != nil || o.CleanOut == "" {
		return err
	}
	content, err := os.ReadFile(filepath.Join(o.Out, leftFile))
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(o.CleanOut, content, 0o644)
}
