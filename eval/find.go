package eval

import (
	"errors"
	"io/fs"
	"path/filepath"

	"mslora/internal/hint"
)

// Find gives the files below folders whose name matches, in the order of their paths, each once even if folders overlap.
func Find(folders []string, matches func(name string) bool) (paths []string, err error) {
	seen := map[string]bool{}
	for _, folder := range folders {
		root, err := filepath.EvalSymlinks(folder) // WalkDir does not follow a link
		if errors.Is(err, fs.ErrNotExist) {
			return nil, hint.New("give a folder that `mslora run` wrote", "there is no folder %s", folder)
		}
		if err != nil {
			return nil, err
		}
		err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !matches(filepath.Base(path)) {
				return err
			}
			absolute, err := filepath.Abs(path)
			if err == nil && !seen[absolute] {
				seen[absolute] = true
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return paths, nil
}
