package eval

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mslora/internal/hint"
)

// Files by which a cell's folder is known: the first is there from its start, the second when it is finished.
const (
	startedFile  = "config.yaml"
	finishedFile = "result.json"
)

// ReadResults finds every result.json below the folders, in the order of their paths, each once even if
// folders overlap, and the folders of cells that were started and have no result yet.
func ReadResults(folders ...string) (results []Result, unfinished []string, err error) {
	seen := map[string]bool{}
	for _, folder := range folders {
		root, err := filepath.EvalSymlinks(folder) // WalkDir does not follow a link
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, hint.New("give a folder that `mslora run` wrote", "there is no folder %s", folder)
		}
		if err != nil {
			return nil, nil, err
		}
		err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			name := filepath.Base(path)
			if err != nil || entry.IsDir() || name != startedFile && name != finishedFile {
				return err
			}
			absolute, err := filepath.Abs(path)
			if err != nil || seen[absolute] {
				return err
			}
			seen[absolute] = true
			if name == startedFile {
				if _, err := os.Stat(filepath.Join(filepath.Dir(path), finishedFile)); errors.Is(err, fs.ErrNotExist) {
					unfinished = append(unfinished, filepath.Dir(path))
				}
				return nil
			}
			r, err := ReadResult(path)
			results = append(results, r)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	switch {
	case len(results) == 0 && len(unfinished) > 0:
		return nil, nil, hint.New("the same `mslora run` goes on with them",
			"there are no finished cells in %s, and %d unfinished", strings.Join(folders, ", "), len(unfinished))
	case len(results) == 0:
		return nil, nil, hint.New("`mslora run` makes them", "there are no finished cells in %s", strings.Join(folders, ", "))
	}
	return results, unfinished, nil
}
