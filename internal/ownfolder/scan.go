package ownfolder

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"mslora/internal/atomicfile"
	"mslora/internal/folderlock"
)

// found is what a scan finds, by paths with slashes below the folder, in the order of their names.
type found struct {
	own     []string // files of the kind that are whole
	first   string   // the first entry of any origin, temporary files aside; "": there is none
	foreign string   // the first that is not of the kind; "": there is none
}

func (f *found) see(name string, own bool) {
	if f.first == "" {
		f.first = name
	}
	switch {
	case own:
		f.own = append(f.own, name)
	case f.foreign == "":
		f.foreign = name
	}
}

// scan looks at what lies in folder/below. Links are not followed: replacing one spares what it leads to.
func (k Kind) scan(folder, below string) (f found, err error) {
	entries, err := os.ReadDir(filepath.Join(folder, filepath.FromSlash(below)))
	if err != nil {
		return f, err
	}
	for _, entry := range entries {
		name := path.Join(below, entry.Name())
		finished, temporary := atomicfile.Temporary(entry.Name())
		finished = path.Join(below, finished)
		switch {
		case name == Marker, name == folderlock.File, bySystem(entry.Name()):
		case temporary && !entry.IsDir() && (finished == Marker || k.makes(finished)):
		case entry.IsDir() && slices.Contains(k.Folders, name):
			if f.first == "" {
				f.first = firstBelow(folder, name)
			}
		case entry.IsDir() && k.leadsTo(name):
			deeper, err := k.scan(folder, name)
			if err != nil {
				return f, err
			}
			f.own = append(f.own, deeper.own...)
			if f.first == "" {
				f.first = deeper.first
			}
			if f.foreign == "" {
				f.foreign = deeper.foreign
			}
		case entry.IsDir():
			f.see(firstBelow(folder, name), false)
		default:
			f.see(name, k.makes(name))
		}
	}
	return f, nil
}

// makes tells whether the kind has a file of that name.
func (k Kind) makes(name string) bool {
	return slices.ContainsFunc(k.Files, func(pattern string) bool {
		is, _ := path.Match(pattern, name)
		return is
	})
}

// leadsTo tells whether the kind has files below a folder of that name.
func (k Kind) leadsTo(name string) bool {
	depth := strings.Count(name, "/") + 1
	return slices.ContainsFunc(k.Files, func(pattern string) bool {
		parts := strings.Split(pattern, "/")
		if len(parts) <= depth {
			return false
		}
		is, _ := path.Match(path.Join(parts[:depth]...), name)
		return is
	})
}

// bySystem tells of files that systems put into folders unasked: macOS its notes of how they look, NFS what was removed
// while it was open.
func bySystem(name string) bool { return name == ".DS_Store" || strings.HasPrefix(name, ".nfs") }

// firstBelow names the first file in a folder that a person would look for, the folder itself if it has none.
func firstBelow(folder, name string) string {
	for {
		entries, err := os.ReadDir(filepath.Join(folder, filepath.FromSlash(name)))
		if err != nil || len(entries) == 0 {
			return name
		}
		name = path.Join(name, entries[0].Name())
		if !entries[0].IsDir() {
			return name
		}
	}
}
