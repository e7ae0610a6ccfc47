package ownfolder

import (
	"os"
	"path/filepath"
)

// NotInput refuses to write out, a file or a folder, if it is one of the inputs or the folder that an input file lies in,
// whatever the paths and links that lead there. Inputs that are "" or absent are passed over: who reads them complains.
func NotInput(out string, inputs ...string) error {
	written, err := os.Stat(out)
	if err != nil {
		return nil // what is not there is no input
	}
	same := func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && os.SameFile(info, written)
	}
	for _, input := range inputs {
		info, err := os.Stat(input)
		if err != nil {
			continue
		}
		if os.SameFile(info, written) {
			return refuse("%s is an input, %s, and would be overwritten", out, input)
		}
		real, err := filepath.EvalSymlinks(input)
		if err == nil && !info.IsDir() && (same(filepath.Dir(input)) || same(filepath.Dir(real))) {
			return refuse("%s holds an input, %s", out, input)
		}
	}
	return nil
}
