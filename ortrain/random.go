package ortrain

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// stream is the generator for one purpose ("order", "dropout", …) at one place of a run (an epoch, a
// step). It depends on nothing else, so a resumed run draws exactly what an uninterrupted one draws
// without any generator state in the checkpoint.
func stream(seed uint64, purpose string, place ...uint64) *rand.PCG {
	message := binary.LittleEndian.AppendUint64([]byte(purpose+"\x00"), seed)
	for _, p := range place {
		message = binary.LittleEndian.AppendUint64(message, p)
	}
	sum := sha256.Sum256(message)
	return rand.NewPCG(binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:]))
}

// permutation of n items for a purpose at a place of a run.
func permutation(n int, seed uint64, purpose string, place ...uint64) []int {
	return rand.New(stream(seed, purpose, place...)).Perm(n)
}
