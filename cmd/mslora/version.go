package main

import (
	"fmt"
	"io"
	"runtime"

	"mslora/experiment"
	"mslora/internal/ortlib"
	"mslora/internal/visible"
)

// version is this program's, with the commit it was built from.
func version() string { return experiment.Versions()["mslora"] }

// showVersions prints a line for mslora, for the tokenizers library and for ONNX Runtime, as `mslora --version` and
// `mslora doctor` show them. flag is --onnxruntime. The error says why ONNX Runtime cannot be used.
func showVersions(out io.Writer, flag string) error {
	versions := experiment.Versions()
	showLine(out, "mslora", "%s, %s, %s/%s", versions["mslora"], versions["go"], runtime.GOOS, runtime.GOARCH)
	showLine(out, "tokenizers", "%s, linked in", versions["tokenizers"])
	path, tried, err := ortlib.Find(flag)
	if err != nil {
		showLine(out, "ONNX Runtime", "not found")
		for _, place := range tried {
			showLine(out, "", "looked in %s", place)
		}
		return err
	}
	found, err := ortlib.Check(path)
	if err != nil {
		showLine(out, "ONNX Runtime", "%s cannot be used", path)
		return err
	}
	showLine(out, "ONNX Runtime", "%s at %s", found, path)
	return nil
}

// showLine prints a line of `mslora doctor`: what, and what is known of it.
func showLine(out io.Writer, what, format string, values ...any) {
	fmt.Fprintf(out, "%-14s %s\n", what, visible.Line(fmt.Sprintf(format, values...)))
}
