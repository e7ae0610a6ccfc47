// Package ownfolder keeps the program from touching what it did not make. A folder is written only if it is absent, empty,
// or holds nothing but what this program made. Names prove nothing, for anybody's project may have a README.md and a
// config.json; so the first file in a folder is a marker that says what the folder is.
package ownfolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"mslora/internal/atomicfile"
	"mslora/internal/hint"
)

// Marker is the file that says that this program made a folder, and what the folder is: {"program": "mslora", "kind": …}.
const Marker = ".mslora.json"

// ErrForeign means that a folder or file is not this program's to write, or is an input of the same command.
var ErrForeign = errors.New("not made by this program")

// Kind is a kind of folder that this program makes.
type Kind struct {
	Name    string   // in the marker and in messages, for example "cell"
	Files   []string // patterns of path.Match of all files that it may hold, with slashes where they lie in folders
	Folders []string // names of folders in it that are not looked into: they are guarded as kinds of their own

	// Recognise tells whether a folder without a marker is of this kind all the same, made by a version that left none. It
	// must go by content, not by names. Nil: none is.
	Recognise func(folder string) bool
}

// Check refuses a folder that is not to be written: one that holds a file which this program did not make, or that is of
// another kind. Nothing is written. files are those of the kind that are there already, so would be replaced; there are
// none if the folder is absent or empty.
func (k Kind) Check(folder string) (files []string, err error) {
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // whoever writes there says what is in the way
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, refuse("%s is a file, expected a folder", folder)
	}
	kind, err := readMarker(folder)
	if err != nil {
		return nil, err
	}
	found, err := k.scan(folder, "")
	if err != nil {
		return nil, err
	}
	if kind == "" && found.first != "" && k.Recognise != nil && k.Recognise(folder) {
		kind = k.Name
	}
	switch {
	case kind == "" && found.first != "":
		return nil, foreign("give another --out, or remove that folder if an earlier version of mslora made it", folder, found.first)
	case kind != "" && kind != k.Name:
		return nil, refuse("%s was made as %q, expected %q", folder, kind, k.Name)
	case found.foreign != "":
		return nil, foreign("give another --out, or move that file away; --force replaces only what mslora made", folder, found.foreign)
	}
	return found.own, nil
}

// Claim makes folder if it is absent, and marks it, if Check lets it. Nothing else may be written there before.
func (k Kind) Claim(folder string) error {
	if _, err := k.Check(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	path := filepath.Join(folder, Marker)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	content, err := json.Marshal(marker{Program: program, Kind: k.Name})
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(path, append(content, '\n'), 0o644)
}

// Clear removes the kind's files, and folders that become empty, if Check lets it. The marker and a lock stay.
func (k Kind) Clear(folder string) error {
	files, err := k.Check(folder)
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := os.Remove(filepath.Join(folder, filepath.FromSlash(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, name := range files { // files of a folder come after each other, and deeper ones before
		for below := filepath.Dir(filepath.FromSlash(name)); below != "."; below = filepath.Dir(below) {
			if os.Remove(filepath.Join(folder, below)) != nil {
				break // it holds something else
			}
		}
	}
	return nil
}

const program = "mslora"

// marker is the content of the file Marker.
type marker struct {
	Program string `json:"program"`
	Kind    string `json:"kind"`
}

// readMarker gives the kind that a folder was marked with, "" if it was not.
func readMarker(folder string) (kind string, err error) {
	path := filepath.Join(folder, Marker)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return parseMarker(path, data)
}

func parseMarker(path string, data []byte) (kind string, err error) {
	var m marker
	if err := json.Unmarshal(data, &m); err != nil || m.Program != program || m.Kind == "" {
		return "", refuse("%s does not say what made its folder", path)
	}
	return m.Kind, nil
}

func refuse(format string, arguments ...any) error {
	return hint.New("give another --out", "%w", foreignError{fmt.Sprintf(format, arguments...)})
}

func foreign(advice, folder, name string) error {
	return hint.New(advice, "%w", foreignError{fmt.Sprintf("%s is not a file that mslora made there", filepath.Join(folder, filepath.FromSlash(name)))})
}

// foreignError is ErrForeign with a message of its own.
type foreignError struct{ message string }

func (e foreignError) Error() string { return e.message }

func (foreignError) Is(target error) bool { return target == ErrForeign }
