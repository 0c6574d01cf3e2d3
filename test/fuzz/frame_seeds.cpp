// SPDX-License-Identifier: MIT
#include "test/fuzz/frames.hpp"

#include <filesystem>
#include <fstream>

/// frame_seeds FOLDER FOLDER: writes the seed corpora of the fuzz targets
/// frames and payload.
int main(int argc, char** argv) {
  if (argc != 3)
    return 1;
  auto write = [](const std::string& folder, std::size_t number,
                  const std::string& text) {
    std::filesystem::create_directories(folder);
    std::ofstream{folder + "/frame-" + std::to_string(number), std::ios::binary}
      << text;
  };
  auto all = edgeless::fuzz::all_frames();
  std::string conversation(1, '\0');
  for (std::size_t i = 0; i < all.size(); ++i) {
    write(argv[2], i, all[i]);
    if (i != 1) // the handshake of the other side
      conversation += all[i];
    write(argv[1], i, std::string(1, '\0') + all[0] + all[i]);
  }
  write(argv[1], all.size(), conversation);
  write(argv[1], all.size() + 1, std::string(1, '\1') + all[1] + all[10]);
  std::_Exit(0);
}
