package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// examples runs the Python examples of the classifier's model card and of docs/train.md, as they stand there, in a folder where the names
// that they use lead to the classifier and to its base model.
func (a asking) examples(ctx context.Context) error {
	if _, err := output(ctx, ".", nil, python, "--version"); err != nil {
		return &skipError{err.Error()}
	}
	interpreter, err := filepath.Abs(python)
	if err != nil {
		return err
	}
	room := filepath.Join(a.work, "examples")
	for name, target := range map[string]string{
		"my-classifier": a.folder, "path/to/this/folder": a.folder, "BAAI/bge-small-en-v1.5": a.base,
	} {
		link := filepath.Join(room, name)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(target, link); err != nil {
			return err
		}
	}
	for _, page := range []string{filepath.Join(a.folder, "README.md"), "docs/train.md"} {
		content, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		blocks := pythonBlocks(string(content))
		for i, block := range blocks {
			example := fmt.Sprintf("%s-%d.py", filepath.Base(page), i+1)
			if err := os.WriteFile(filepath.Join(room, example), []byte(block), 0o644); err != nil {
				return err
			}
			if _, err := output(ctx, room, nil, interpreter, example); err != nil {
				return fmt.Errorf("%s: example %d: %w", page, i+1, err)
			}
		}
		fmt.Printf("%s: %d examples in Python run\n", page, len(blocks))
	}
	return nil
}

var pythonFence = regexp.MustCompile("(?s)```python\n(.*?)```")

// pythonBlocks gives what stands in a Markdown page's fences of Python.
func pythonBlocks(page string) []string {
	var blocks []string
	for _, found := range pythonFence.FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, found[1])
	}
	return blocks
}
