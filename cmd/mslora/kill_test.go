package main

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mslora/internal/ortlib"
	"mslora/internal/tensorboard"
	"mslora/internal/testmodel"
)

// runArguments prepares a tiny model and data set and gives the arguments of a run of some seconds.
func runArguments(t *testing.T, folder string) []string {
	t.Helper()
	library, _, err := ortlib.Find("")
	if err != nil {
		t.Fatal(err)
	}
	if library, err = filepath.Abs(library); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ONNXRUNTIME_LIB", library)
	model, graphs := testmodel.Write(t, folder)
	if err := writeClean(filepath.Join(folder, "clean")); err != nil {
		t.Fatal(err)
	}
	sets := filepath.Join(folder, "sets")
	var output bytes.Buffer
	if code := mainCode([]string{"mslora", "poison", "--data", filepath.Join(folder, "clean"), "--attack", "badnets", "--out", sets, "--quiet"}, &output, &output); code != 0 {
		t.Fatalf("poison exited with %d: %s", code, output.String())
	}
	return []string{"run", "--model", model, "--graphs", graphs, "--data", sets, "--batch", "4", "--save-every", "5", "--quiet"}
}

// A run that is killed again and again, at any moment, must end with the bytes of one that was not.
func TestKilledRunEndsTheSame(t *testing.T) {
	folder := t.TempDir()
	killed(t, folder, append(runArguments(t, folder), "--methods", "musclelora", "--auxiliary", "8", "--epochs", "60", "--fourier", "--tensorboard"), 20)
}

// So must a sweep in one folder, and its table has every cell once.
func TestKilledSweepEndsTheSame(t *testing.T) {
	folder := t.TempDir()
	table := killed(t, folder, append(runArguments(t, folder), "--methods", "lora", "--lr", "1e-3,1e-2", "--lora-rank", "2,4", "--epochs", "15"), 8)
	for _, cell := range []string{"learning_rate=0.001 lora_rank=2", "learning_rate=0.001 lora_rank=4", "learning_rate=0.01 lora_rank=2", "learning_rate=0.01 lora_rank=4"} {
		if strings.Count(table, cell) != 1 {
			t.Errorf("%q is not in the table once:\n%s", cell, table)
		}
	}
}

// killed runs mslora to its end, and again with kills at random moments, and compares what both leave. It gives the table.
func killed(t *testing.T, folder string, arguments []string, kills int) (table string) {
	t.Helper()
	program, err := os.Executable() // testscript.Main made this test binary act as mslora under that name
	if err != nil {
		t.Fatal(err)
	}
	mslora := filepath.Join(folder, "mslora")
	if err := os.Symlink(program, mslora); err != nil {
		t.Fatal(err)
	}
	start := func(out string) (*exec.Cmd, *bytes.Buffer) {
		command := exec.Command(mslora, append(arguments, "--out", filepath.Join(folder, out))...)
		var output bytes.Buffer
		command.Stdout, command.Stderr = &output, &output
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		return command, &output
	}
	begin := time.Now()
	whole, want := start("whole")
	if err := whole.Wait(); err != nil {
		t.Fatalf("%v: %s", err, want)
	}
	length := time.Since(begin)

	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	count := 0
	for ; count < kills; count++ {
		run, output := start("killed")
		signal := syscall.SIGKILL
		if count%4 == 3 {
			signal = syscall.SIGTERM // asks for a checkpoint
		}
		delay := time.Duration(random.Float64() * float64(length) / float64(kills) * 2)
		time.Sleep(delay)
		if err := run.Process.Signal(signal); err != nil {
			t.Fatalf("after %v: %v: %s", delay, err, output)
		}
		run.Wait()
		if run.ProcessState.Success() {
			t.Logf("the run ended after %d interruptions", count)
			break
		}
		if code := run.ProcessState.ExitCode(); code != -1 && code != exitInterrupted {
			t.Fatalf("interrupted by %v it exited with %d: %s", signal, code, output)
		}
	}
	last, got := start("killed")
	if err := last.Wait(); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	if got.String() != want.String() {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
	compareCells(t, filepath.Join(folder, "whole"), filepath.Join(folder, "killed"))
	t.Logf("%d interruptions of a run of %v", count, length.Round(time.Millisecond))
	return got.String()
}

// compareCells wants the same cells with the same bytes in both folders, and no temporary files.
func compareCells(t *testing.T, whole, killed string) {
	t.Helper()
	cells, err := filepath.Glob(filepath.Join(whole, "*", "*", "*", "*", "seed-*"))
	if err != nil || len(cells) == 0 {
		t.Fatalf("cells %v, error %v", cells, err)
	}
	for _, path := range cells {
		cell, err := filepath.Rel(whole, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"best.safetensors", "predictions.csv", "metrics.jsonl", "config.yaml", "fourier.jsonl"} {
			want, err := os.ReadFile(filepath.Join(path, name))
			if name == "fourier.jsonl" && errors.Is(err, fs.ErrNotExist) { // of a run without --fourier
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(killed, cell, name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s of %s differs", name, cell)
			}
		}
		// Records differ in their times alone, so the same size is that of the same records.
		if want, err := os.Stat(filepath.Join(path, tensorboard.FileName)); err == nil {
			if got, err := os.Stat(filepath.Join(killed, cell, tensorboard.FileName)); err != nil || got.Size() != want.Size() {
				t.Errorf("the curves of %s differ; error %v", cell, err)
			}
		}
		left, err := filepath.Glob(filepath.Join(killed, cell, ".*.tmp-*"))
		if err != nil || len(left) > 0 {
			t.Errorf("temporary files were left: %v %v", left, err)
		}
	}
}
