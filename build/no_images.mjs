// Takes the place of sharp in executables. Models of text need no images, and sharp's libraries are 18 MB for each system.
export default function sharp() {
  throw new Error("Cannot read images: this program has no image library");
}
