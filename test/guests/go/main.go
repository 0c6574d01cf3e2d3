// SPDX-License-Identifier: MIT

// A function in Go: goroutines, channels, timers and fmt. A cast "sleep" waits
// on two timers, "count" counts in goroutines; a call is answered with its
// payload in capitals.
package main

import (
	"fmt"
	"strings"
	"sync"
	"time"
	"unsafe"
)

//go:wasmimport env cast_asm
func hostCast(channel unsafe.Pointer, channelSize uint32, payload unsafe.Pointer, size uint32)

//go:wasmimport env telemetry_log_asm
func hostLog(level uint32, target unsafe.Pointer, targetSize uint32, text unsafe.Pointer, size uint32)

// The buffers that the node has: the garbage collector must not move them.
var buffers = map[unsafe.Pointer][]byte{}

//go:wasmexport edgeless_mem_alloc
func alloc(size uint32) unsafe.Pointer {
	buffer := make([]byte, max(size, 1))
	at := unsafe.Pointer(unsafe.SliceData(buffer))
	buffers[at] = buffer
	return at
}

//go:wasmexport edgeless_mem_free
func free(at unsafe.Pointer, size uint32) { delete(buffers, at) }

//go:wasmexport edgeless_mem_clear
func clearBuffers() {}

func text(at unsafe.Pointer, size uint32) string {
	return string(unsafe.Slice((*byte)(at), size))
}

func cast(channel, payload string) {
	hostCast(unsafe.Pointer(unsafe.StringData(channel)), uint32(len(channel)),
		unsafe.Pointer(unsafe.StringData(payload)), uint32(len(payload)))
}

//go:wasmexport handle_init_asm
func handleInit(payload unsafe.Pointer, size uint32, state unsafe.Pointer, stateSize uint32) {
	initialised := ready
	cast("out", fmt.Sprintf("init %v %s", initialised, text(payload, size)))
}

var ready bool

func init() { ready = true }

//go:wasmexport handle_cast_asm
func handleCast(node, component, payload unsafe.Pointer, size uint32) {
	switch text(payload, size) {
	case "sleep":
		start := time.Now()
		ticked := make(chan string)
		go func() { time.Sleep(20 * time.Millisecond); ticked <- "late" }()
		go func() { time.Sleep(5 * time.Millisecond); ticked <- "early" }()
		first, second := <-ticked, <-ticked
		cast("out", fmt.Sprint(first, " ", second, " ", time.Since(start) >= 20*time.Millisecond))
	case "count":
		var all sync.WaitGroup
		sum := make(chan int, 100)
		for i := range 100 {
			all.Add(1)
			go func() { defer all.Done(); sum <- i }()
		}
		all.Wait()
		close(sum)
		total := 0
		for i := range sum {
			total += i
		}
		cast("out", fmt.Sprint(total))
	case "panic":
		panic("on purpose")
	}
}

//go:wasmexport handle_call_asm
func handleCall(node, component, payload unsafe.Pointer, size uint32, out, outSize unsafe.Pointer) uint32 {
	answer := strings.ToUpper(text(payload, size))
	// Freed by the node's driver only after it has read the answer: keep it.
	reply = []byte(answer)
	*(*uint32)(out) = uint32(uintptr(unsafe.Pointer(unsafe.SliceData(reply))))
	*(*uint32)(outSize) = uint32(len(reply))
	return 1
}

var reply []byte

//go:wasmexport handle_stop_asm
func handleStop() { cast("out", "stop") }

func main() {}
