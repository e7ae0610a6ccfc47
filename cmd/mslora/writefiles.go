package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"mslora/internal/atomicfile"
)

// written is a file of an output folder.
type written struct {
	name  string
	write func(io.Writer) error
}

// indented is a file with a value as JSON for people.
func indented(name string, value any) written {
	return written{name, func(out io.Writer) error {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	}}
}

// writeFiles leaves files in a folder, in their order, each of them whole or not at all.
func writeFiles(folder string, files ...written) error {
	for _, file := range files {
		var content bytes.Buffer
		if err := file.write(&content); err != nil {
			return fmt.Errorf("%s: %w", file.name, err)
		}
		if err := atomicfile.WriteFile(filepath.Join(folder, file.name), content.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
