package ortrain

import (
	"os"

	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/machine"
	"mslora/internal/operators"
	"mslora/internal/safetensors"
)

// Precisions that a device can be asked for.
const (
	PrecisionFloat32 = "float32"
	PrecisionInt8    = "int8"
	PrecisionAuto    = "auto" // int8 on CPUs that are fast at it, else float32
)

// Int8Variable is an environment variable that says whether PrecisionInt8 is int8, whatever the CPU: always or never.
const Int8Variable = "MSLORA_INT8"

// WithPrecision gives the device for a precision. PrecisionInt8 and PrecisionAuto are for CPUs that are fast at it; another one computes in float32,
// and notice says so. PrecisionAuto says nothing of what the variable wants.
func (d Device) WithPrecision(name string) (_ Device, notice string, err error) {
	wanted := os.Getenv(Int8Variable)
	switch {
	case name == PrecisionFloat32:
	case name != PrecisionInt8 && name != PrecisionAuto:
		return d, "", hint.New("give float32, int8 or auto", "unknown precision %q", name)
	case d.Provider != "cpu" && name == PrecisionAuto:
	case d.Provider != "cpu":
		return d, "", hint.New("leave it out on a GPU, or use --device cpu", "precision int8 is for the CPU, the device is %s", d)
	case wanted != "" && wanted != "always" && wanted != "never":
		return d, "", hint.New("set it to always or never, or unset it", "%s is %q", Int8Variable, wanted)
	case wanted == "never" && name == PrecisionAuto:
	case wanted == "never":
		notice = "precision int8: " + Int8Variable + " is never, computing in float32"
	case wanted == "" && !machine.FastInt8():
		notice = "precision " + name + ": this processor has no VNNI and no dot products of 8-bit numbers, computing in float32; " + Int8Variable + "=always computes in 8 bits"
	default:
		d.Int8 = true
	}
	return d, notice, nil
}

// Precision names the numbers that matrix products are computed with: float32; int8 if those by frozen weights are computed in 8 bits; tf32 if
// factors may be rounded to TF32; float16 if the forward pass's products with weights of 16 bits are computed in 16 bits, or both.
func (d Device) Precision() string {
	tf32 := d.Provider == "cuda" && d.TF32
	switch {
	case d.Int8:
		return PrecisionInt8
	case d.Half && tf32:
		return "float16+tf32"
	case d.Half:
		return "float16"
	case tf32:
		return "tf32"
	}
	return PrecisionFloat32
}

// link joins a topology with weights for sessions on the device; see Topology.Link for promote.
func (d Device) link(topology *graphs.Topology, weights *safetensors.File, promote func(name string) bool) (graphs.Linked, error) {
	linked, err := topology.Link(weights, d.products(), promote)
	if err == nil && d.joinsRows() {
		err = linked.JoinRows()
	}
	return linked, err
}

// joinsRows tells whether sessions have the operators of package operators, which are for CPUs.
func (d Device) joinsRows() bool { return d.Provider == "cpu" && operators.Ready() }

// products says the same to linking.
func (d Device) products() graphs.Products {
	switch {
	case d.Int8:
		return graphs.Int8
	case d.Half:
		return graphs.Half
	}
	return graphs.Float32
}
