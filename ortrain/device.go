package ortrain

import (
	"fmt"
	"strconv"
	"strings"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/machine"
	"mslora/internal/operators"
)

// Device says where graphs run and with how much of the machine.
type Device struct {
	Provider      string // "cpu" or "cuda"
	ID            int    // CUDA device number
	Threads       int    // CPU threads of a graph, and of each loop beside it; at least 1
	ArenaStrategy string // CUDA: kNextPowerOfTwo (default) or kSameAsRequested
	MemoryLimit   int64  // CUDA: bytes of GPU memory that ONNX Runtime may take, 0: no limit
	Half          bool   // CUDA: matrix products of the forward pass with weights of 16 bits are computed in 16 bits
	Int8          bool   // CPU: matrix products by frozen weights are computed in 8 bits
	TF32          bool   // CUDA: matrix products may round their factors to TF32, 10 bits after the point, as ONNX Runtime does by itself
	Profile       string // what the names of files begin with in which ONNX Runtime writes the time of each operation; empty: none
}

// ParseDevice reads "cpu", "cuda" or "cuda:N". 0 threads are as many as this process may use: the number is settled here, so
// that what is recorded is what ONNX Runtime has, which otherwise would take the physical cores, whatever the affinity.
func ParseDevice(text string, threads int) (Device, error) {
	if threads < 0 {
		return Device{}, hint.New("give 0 for all cores", "--threads is %d, expected 0 or more", threads)
	}
	if threads == 0 {
		threads = machine.Threads()
	}
	provider, id, numbered := strings.Cut(text, ":")
	d := Device{Provider: provider, Threads: threads}
	if provider == "cpu" && !numbered {
		return d, nil
	}
	if provider == "cuda" {
		if !numbered {
			return d, nil
		}
		if n, err := strconv.Atoi(id); err == nil && n >= 0 {
			d.ID = n
			return d, nil
		}
	}
	return Device{}, hint.New("use cpu, cuda or cuda:N", "unknown device %q", text)
}

func (d Device) String() string {
	if d.Provider == "cuda" {
		return fmt.Sprintf("cuda:%d", d.ID)
	}
	return d.Provider
}

// keepsNarrow are the optimizers that would keep weights of 16 bits widened: they fold a Cast into its weight, or let forward
// and backward pass share it.
var keepsNarrow = []string{"ConstantFolding", "CommonSubexpressionElimination", "FuseFp16InitializerToFp32NodeTransformer"}

// options builds the session options for a linked graph; the caller destroys them.
// prepack lets ONNX Runtime keep a second copy of the weights, laid out for its matrix products.
func (d Device) options(linked graphs.Linked, prepack bool) (*ort.SessionOptions, error) {
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	configure := func() error {
		if err := o.SetIntraOpNumThreads(max(1, d.Threads)); err != nil {
			return err
		}
		// The training and the evaluation session take turns: a neighbour that spins while it waits costs
		// the working one a third of its speed.
		entries := map[string]string{"session.force_spinning_stop": "1"}
		if !prepack {
			entries["session.disable_prepacking"] = "1"
		}
		if linked.Folder != "" {
			entries["session.model_external_initializers_file_folder_path"] = linked.Folder
		}
		if linked.Narrow {
			entries["optimization.disable_specified_optimizers"] = strings.Join(keepsNarrow, ";")
		}
		if d.Profile != "" {
			if err := o.EnableProfiling(d.Profile); err != nil {
				return err
			}
		}
		for key, value := range entries {
			if err := o.AddSessionConfigEntry(key, value); err != nil {
				return err
			}
		}
		if d.Provider == "cuda" {
			return d.appendCUDA(o)
		}
		// ONNX Runtime keeps a plan of where tensors lie for all sizes that it has seen. Batches have ever other sizes, so plans are never used
		// again, and memory that is asked for as a whole leaves gaps: 1.3 times the memory after 40 steps.
		if err := o.SetMemPattern(false); err != nil {
			return err
		}
		if linked.Joined {
			// onnxruntime_go has no call for operators of others: SessionOptions holds one pointer, to an OrtSessionOptions.
			return operators.Add(*(*unsafe.Pointer)(unsafe.Pointer(o)))
		}
		return nil
	}
	if err := configure(); err != nil {
		o.Destroy()
		return nil, err
	}
	return o, nil
}

func (d Device) appendCUDA(o *ort.SessionOptions) error {
	missing := func(err error) error {
		return &hint.Error{
			Err:  fmt.Errorf("the CUDA provider cannot be loaded: %w", err),
			Hint: "`make gpu` fetches the GPU build of ONNX Runtime, name it with --onnxruntime .deps/gpu; it needs the CUDA 13 and cuDNN 9 libraries on LD_LIBRARY_PATH; or use --device cpu",
		}
	}
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return missing(err)
	}
	defer cuda.Destroy()
	settings := map[string]string{"device_id": strconv.Itoa(d.ID), "use_tf32": "0"}
	if d.TF32 {
		settings["use_tf32"] = "1"
	}
	if d.ArenaStrategy != "" {
		settings["arena_extend_strategy"] = d.ArenaStrategy
	}
	if d.MemoryLimit > 0 {
		settings["gpu_mem_limit"] = strconv.FormatInt(d.MemoryLimit, 10)
	}
	if err := cuda.Update(settings); err != nil {
		return missing(err)
	}
	if err := o.AppendExecutionProviderCUDA(cuda); err != nil {
		return missing(err)
	}
	return nil
}

// CheckCUDA tells whether the CUDA provider loads.
func CheckCUDA() error {
	o, err := ort.NewSessionOptions()
	if err != nil {
		return err
	}
	defer o.Destroy()
	return Device{Provider: "cuda"}.appendCUDA(o)
}
