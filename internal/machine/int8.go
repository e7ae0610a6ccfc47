package machine

import "golang.org/x/sys/cpu"

// FastInt8 tells whether the processor multiplies numbers of 8 bits and adds the products up in 32 by one instruction: VNNI, or the dot
// products of ARM. Without it products in 8 bits are hardly faster than in float32.
func FastInt8() bool { return cpu.X86.HasAVX512VNNI || cpu.X86.HasAVXVNNI || cpu.ARM64.HasASIMDDP }
