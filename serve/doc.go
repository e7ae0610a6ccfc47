// Package serve answers over HTTP what class texts have, in the shape of Hugging Face's text-classification endpoints.
//
// A [Server] reads and checks requests and writes answers. Its [Dispatcher] puts the texts of all of them into one bounded queue, from
// which one goroutine takes as many as are waiting, up to a batch, each time that the model is free: the more clients ask at once, the
// larger the batches. The model is a [Predict], so nothing here needs ONNX Runtime.
package serve
